package dev.freshet.lab.lanes;

import dev.freshet.trace.MonotonicClock;
import java.time.Duration;
import java.util.function.IntToLongFunction;

/**
 * When updates are due: each at its own offset from the start. An update that is sent late, because
 * the one before it took long, does not shift those after it, and its time counts from when it was
 * due. This avoids coordinated omission.
 */
final class Pace {
  /** Sleeps until a time of the clock. */
  @FunctionalInterface
  interface Sleep {
    void until(long nanos) throws InterruptedException;
  }

  /** How long before the time the thread wakes up; it spins for the rest. */
  private static final long SPIN_NANOS = 1_000_000;

  private final IntToLongFunction offsetNanos;
  private final MonotonicClock clock;
  private final Sleep sleep;
  private final long startNanos;
  private int next;

  /** Starts on the system's clock; the first update is due at once, the others {@code every}. */
  static Pace start(Duration every) {
    long nanos = every.toNanos();
    return start(i -> i * nanos);
  }

  /** Starts on the system's clock; the updates are due at these offsets from now. */
  static Pace start(IntToLongFunction offsetNanos) {
    return new Pace(offsetNanos, MonotonicClock.SYSTEM, Pace::sleep);
  }

  Pace(IntToLongFunction offsetNanos, MonotonicClock clock, Sleep sleep) {
    this.offsetNanos = offsetNanos;
    this.clock = clock;
    this.sleep = sleep;
    this.startNanos = clock.nanos();
  }

  /**
   * Waits until the next update is due, and not at all if it is overdue; returns when it was due.
   */
  long await() throws InterruptedException {
    long due = startNanos + offsetNanos.applyAsLong(next++);
    if (due > clock.nanos()) {
      sleep.until(due);
    }
    return due;
  }

  /** Now, on the clock of the pace. */
  long nanos() {
    return clock.nanos();
  }

  /** Milliseconds from due to done, of an update that was sent after it was due. */
  static double wallMs(long due, long sent, double sentToDoneMs) {
    return (sent - due) / 1e6 + sentToDoneMs;
  }

  private static void sleep(long untilNanos) throws InterruptedException {
    long leftNanos = untilNanos - System.nanoTime() - SPIN_NANOS;
    if (leftNanos > 0) {
      Thread.sleep(Duration.ofNanos(leftNanos));
    }
    while (System.nanoTime() - untilNanos < 0) {
      Thread.onSpinWait();
    }
  }
}
