package dev.freshet.trace;

/**
 * A clock that never goes back. Every duration in Freshet is a difference of two of its readings.
 */
@FunctionalInterface
public interface MonotonicClock {
  /** The JVM's monotonic clock; all readings in one process share its origin. */
  MonotonicClock SYSTEM = System::nanoTime;

  /** Nanoseconds since an origin that is arbitrary but fixed for the life of the process. */
  long nanos();

  /** Milliseconds between an earlier reading and now. */
  default double millisSince(long startNanos) {
    return (nanos() - startNanos) / 1e6;
  }
}
