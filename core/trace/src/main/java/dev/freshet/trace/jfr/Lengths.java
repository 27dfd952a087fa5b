package dev.freshet.trace.jfr;

import java.util.OptionalDouble;

/** Lengths of time in the flight recorder's unit, nanoseconds. */
final class Lengths {
  /** Displayed as not available. */
  static final long UNKNOWN = Long.MIN_VALUE;

  private Lengths() {}

  static long nanos(double ms) {
    return Math.round(ms * 1e6);
  }

  static long nanos(OptionalDouble ms) {
    return ms.isPresent() ? nanos(ms.getAsDouble()) : UNKNOWN;
  }
}
