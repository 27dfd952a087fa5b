package dev.freshet.fleet;

import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.Calls;
import dev.freshet.trace.EventLog;
import dev.freshet.wire.AdminToken;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * One inference server as the fleet sees it: how many rollouts it has, whether it may have more,
 * and its own admin lane. Its state is guarded by the fleet's lock.
 */
public final class Replica {
  private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long LONGEST_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final ServerAddress address;
  private final ReplicaAdmin admin;
  private final Calls calls = new Calls();
  private int rollouts;
  private Optional<String> quarantined = Optional.empty();
  private long version;
  private long pauseNanos;
  private long pausedUntilNanos;
  private boolean paused;

  Replica(
      ServerAddress address,
      Dialect dialect,
      AdminDeadlines deadlines,
      Optional<AdminToken> token,
      EventLog events) {
    this.address = address;
    this.admin = new ReplicaAdmin(address.admin(), dialect, deadlines, token, events);
  }

  public ServerAddress address() {
    return address;
  }

  /** The root of its admin listener, as logs and metrics name it. */
  public String adminUrl() {
    return address.admin().toString();
  }

  public ReplicaAdmin admin() {
    return admin;
  }

  /** The completions it is streaming. */
  public Calls calls() {
    return calls;
  }

  /** Rollouts it has now. */
  public int rollouts() {
    return rollouts;
  }

  public boolean inRotation() {
    return quarantined.isEmpty();
  }

  /** It gets no rollouts any more. */
  public void leaveRotation(String why) {
    quarantined = Optional.of(why);
  }

  /** It serves {@code step} from now on. */
  public void acknowledged(long step) {
    version = step;
  }

  /** How it is now. */
  public ReplicaStatus replica() {
    return new ReplicaStatus(adminUrl(), version, rollouts, quarantined);
  }

  /** Nanoseconds until it may have rollouts again after a failure; 0 or less for now. */
  public long pauseLeft(long now) {
    return paused ? pausedUntilNanos - now : 0;
  }

  public void rolloutStarted() {
    rollouts++;
  }

  public void rolloutEnded() {
    rollouts--;
  }

  /** A completion came to its end: it is well. */
  public void succeeded() {
    paused = false;
    pauseNanos = 0;
  }

  /**
   * A completion failed: it gets none for a while, and twice as long the next time. The completions
   * that fail together with one are one failure.
   */
  public void failed(long now) {
    if (pauseLeft(now) > 0) {
      return;
    }
    pauseNanos =
        pauseNanos == 0 ? FIRST_PAUSE_NANOS : Math.min(2 * pauseNanos, LONGEST_PAUSE_NANOS);
    pausedUntilNanos = now + pauseNanos;
    paused = true;
  }

  @Override
  public String toString() {
    return address.data().toString();
  }
}
