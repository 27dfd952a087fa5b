package dev.freshet.trace.time;

import dev.freshet.trace.EventLog;
import java.util.Optional;

/**
 * Cuts a role's time into steps without a gap: a step's time begins where the one before it ended.
 * Logs each, and the whole. Used by one thread at a time.
 */
public final class StepTimes {
  private final String role;
  private final Optional<String> server;
  private final RoleClock clock;
  private final EventLog events;
  private final RoleTime first;
  private RoleTime before;

  /** The times of a role of this process; the first step begins now. */
  public StepTimes(String role, RoleClock clock, EventLog events) {
    this(role, Optional.empty(), clock, events);
  }

  /** The times of a server, as its client sees it; the first step begins now. */
  public static StepTimes ofServer(String url, RoleClock clock, EventLog events) {
    return new StepTimes("server", Optional.of(url), clock, events);
  }

  private StepTimes(String role, Optional<String> server, RoleClock clock, EventLog events) {
    this.role = role;
    this.server = server;
    this.clock = clock;
    this.events = events;
    this.first = clock.reading();
    this.before = first;
  }

  /** {@code step} ends now; returns and logs its time. */
  public RoleTime end(long step) {
    RoleTime now = clock.reading();
    RoleTime time = now.since(before);
    before = now;
    events.stepTime(role, server, step, time);
    return time;
  }

  /** Logs the time since the beginning, with what follows the last step. */
  public void endRun() {
    events.runTime(role, server, clock.reading().since(first));
  }
}
