package dev.freshet.trace.jfr;

import java.util.OptionalDouble;

/** Lengths of time as the flight recorder has them: nanoseconds. */
final class Lengths {
  /** Shown as not available. */
  static final long UNKNOWN = Long.MIN_VALUE;

  private Lengths() {}

  static long nanos(double ms) {
    return Math.round(ms * 1e6);
  }

  static long nanos(OptionalDouble ms) {
    return ms.isPresent() ? nanos(ms.getAsDouble()) : UNKNOWN;
  }
}
