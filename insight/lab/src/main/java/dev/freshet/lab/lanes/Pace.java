package dev.freshet.lab.lanes;

import dev.freshet.trace.MonotonicClock;
import java.time.Duration;
import java.util.function.IntToLongFunction;

/**
 * When updates are due: each its own time after the start, the first of an even pace at once. One
 * that comes late, because the one before it took long, does not shift those after it, and its wait
 * counts from when it was due: what it would have measured had it been sent is not left out
 * (coordinated omission).
 */
final class Pace {
  /** Waits on the clock. */
  @FunctionalInterface
  interface Sleep {
    void until(long nanos) throws InterruptedException;
  }

  /** How long before the time the thread wakes, to spend the rest looking at the clock. */
  private static final long AWAKE_NANOS = 1_000_000;

  private final IntToLongFunction offsetNanos;
  private final MonotonicClock clock;
  private final Sleep sleep;
  private final long startNanos;
  private int next;

  /** Starts on the machine's clock; each update is due a fixed time after the one before. */
  static Pace start(Duration every) {
    long nanos = every.toNanos();
    return start(i -> i * nanos);
  }

  /** Starts on the machine's clock; the updates are due these times after now. */
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
   * Waits until the next update is due, or not at all if it is overdue; returns when it was due.
   */
  long await() throws InterruptedException {
    long due = startNanos + offsetNanos.applyAsLong(next++);
    if (due > clock.nanos()) {
      sleep.until(due);
    }
    return due;
  }

  /** Milliseconds from when it was due to its end, of an update sent after {@code due}. */
  static double wallMs(long due, long sent, double sentToDoneMs) {
    return (sent - due) / 1e6 + sentToDoneMs;
  }

  private static void sleep(long untilNanos) throws InterruptedException {
    long left = untilNanos - System.nanoTime() - AWAKE_NANOS;
    if (left > 0) {
      Thread.sleep(Duration.ofNanos(left));
    }
    while (System.nanoTime() - untilNanos < 0) {
      Thread.onSpinWait();
    }
  }
}
