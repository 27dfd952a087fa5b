package dev.freshet.metrics;

import dev.freshet.trace.MonotonicClock;

/**
 * How long something has been in a state all in all, the present spell included. One thread enters
 * and leaves it; any may ask.
 */
public final class TimeInState {
  /**
   * @param beforeNanos the time in all spells that have ended
   * @param sinceNanos when the present spell began, if there is one
   */
  private record Spells(long beforeNanos, boolean inside, long sinceNanos) {}

  private final MonotonicClock clock;
  private volatile Spells spells = new Spells(0, false, 0);

  public TimeInState(MonotonicClock clock) {
    this.clock = clock;
  }

  /** The state is entered, or goes on. */
  public void enter() {
    Spells now = spells;
    if (!now.inside()) {
      spells = new Spells(now.beforeNanos(), true, clock.nanos());
    }
  }

  /** The state is left, or was not entered. */
  public void leave() {
    Spells now = spells;
    if (now.inside()) {
      spells = new Spells(now.beforeNanos() + clock.nanos() - now.sinceNanos(), false, 0);
    }
  }

  public double seconds() {
    Spells now = spells;
    long present = now.inside() ? clock.nanos() - now.sinceNanos() : 0;
    return (now.beforeNanos() + present) / 1e9;
  }
}
