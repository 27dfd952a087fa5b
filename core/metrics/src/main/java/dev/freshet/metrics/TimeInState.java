package dev.freshet.metrics;

import dev.freshet.trace.MonotonicClock;

/**
 * The total time that something has spent in a state, including the current stay. One thread enters
 * and leaves; any thread may read.
 */
public final class TimeInState {
  /**
   * @param beforeNanos the time of all stays that have ended
   * @param sinceNanos when the current stay began, if {@code inside}
   */
  private record Stays(long beforeNanos, boolean inside, long sinceNanos) {}

  private final MonotonicClock clock;
  private volatile Stays stays = new Stays(0, false, 0);

  public TimeInState(MonotonicClock clock) {
    this.clock = clock;
  }

  /** Enters the state; no effect if already inside. */
  public void enter() {
    Stays now = stays;
    if (!now.inside()) {
      stays = new Stays(now.beforeNanos(), true, clock.nanos());
    }
  }

  /** Leaves the state; no effect if not inside. */
  public void leave() {
    Stays now = stays;
    if (now.inside()) {
      stays = new Stays(now.beforeNanos() + clock.nanos() - now.sinceNanos(), false, 0);
    }
  }

  /** The total so far. */
  public double seconds() {
    Stays now = stays;
    long current = now.inside() ? clock.nanos() - now.sinceNanos() : 0;
    return (now.beforeNanos() + current) / 1e9;
  }
}
