package dev.freshet.server;

import dev.freshet.server.session.Session;
import dev.freshet.server.session.SessionLimits;
import dev.freshet.server.session.SessionName;
import dev.freshet.trace.MonotonicClock;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The captures of sessions that ended with a reward, kept until a trainer deletes them: whoever
 * trains on a session reads it after its agent has rewarded it. The oldest is forgotten when there
 * are too many, when memory is needed, or when it was not deleted for as long as a session may be
 * idle. Not thread-safe; {@link Sessions} guards it.
 */
final class RewardedSessions {
  /**
   * A session that ended.
   *
   * @param endedNanos when, by the clock
   */
  record Rewarded(Session session, double reward, long endedNanos) {}

  private final SessionLimits limits;
  private final MonotonicClock clock;

  /** The one that ended first is first. */
  private final Map<SessionName, Rewarded> byName = new LinkedHashMap<>();

  private long bytes;

  RewardedSessions(SessionLimits limits, MonotonicClock clock) {
    this.limits = limits;
    this.clock = clock;
  }

  /** Keeps a session that has ended, in place of an earlier one of its name. */
  void add(Session session, double reward) {
    var _ = remove(session.name());
    byName.put(session.name(), new Rewarded(session, reward, clock.nanos()));
    bytes += session.bytes();
    trim(limits.maxBytes());
  }

  /** The newest of a name. */
  Optional<Rewarded> find(SessionName name) {
    trim(limits.maxBytes());
    return Optional.ofNullable(byName.get(name));
  }

  /** Forgets the one of a name and returns it. */
  Optional<Rewarded> remove(SessionName name) {
    Optional<Rewarded> removed = Optional.ofNullable(byName.remove(name));
    bytes -= removed.map(rewarded -> rewarded.session().bytes()).orElse(0L);
    return removed;
  }

  /** About the bytes that they occupy. */
  long bytes() {
    return bytes;
  }

  /** Forgets those that are too old or too many, and the oldest until {@code most} bytes remain. */
  void trim(long most) {
    long now = clock.nanos();
    for (Iterator<Rewarded> oldest = byName.values().iterator(); oldest.hasNext(); ) {
      Rewarded next = oldest.next();
      if (byName.size() <= limits.maxSessions()
          && bytes <= most
          && now - next.endedNanos() < limits.idle().toNanos()) {
        return;
      }
      oldest.remove();
      bytes -= next.session().bytes();
    }
  }
}
