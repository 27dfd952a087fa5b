package dev.freshet.orchestrator;

import dev.freshet.trace.MonotonicClock;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** One lock, and waits for what it guards: every change wakes them, and each has a deadline. */
final class Monitor {
  private final MonotonicClock clock;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  Monitor(MonotonicClock clock) {
    this.clock = clock;
  }

  /** Reads what is guarded. */
  <T> T read(Supplier<T> state) {
    lock.lock();
    try {
      return state.get();
    } finally {
      lock.unlock();
    }
  }

  /** Changes what is guarded, and wakes all waits. */
  void change(Runnable change) {
    lock.lock();
    try {
      change.run();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Wakes all waits. The caller holds the lock. */
  void signal() {
    changed.signalAll();
  }

  /** Waits at most {@code nanos} until {@code met}; then reads, whether it is met or not. */
  <T> T await(long nanos, BooleanSupplier met, Supplier<T> then) throws InterruptedException {
    return awaitDue(nanos, () -> met.getAsBoolean() ? 0 : Long.MAX_VALUE, then);
  }

  /**
   * The same for what time alone may meet too.
   *
   * @param due in how many nanoseconds that is, if nothing changes; 0 or less: it is met
   */
  <T> T awaitDue(long nanos, LongSupplier due, Supplier<T> then) throws InterruptedException {
    long end = clock.nanos() + nanos;
    lock.lock();
    try {
      long wait = Math.min(nanos, due.getAsLong());
      while (wait > 0) {
        var _ = changed.awaitNanos(wait);
        wait = Math.min(end - clock.nanos(), due.getAsLong());
      }
      return then.get();
    } finally {
      lock.unlock();
    }
  }
}
