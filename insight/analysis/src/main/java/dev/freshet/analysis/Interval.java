package dev.freshet.analysis;

/** Bounds of an unknown number, from observations that each give a lower or an upper bound. */
final class Interval {
  private double low = Double.NEGATIVE_INFINITY;
  private double high = Double.POSITIVE_INFINITY;
  private int count;

  void atLeast(double bound) {
    if (!Double.isNaN(bound)) {
      low = Math.max(low, bound);
    }
  }

  void atMost(double bound) {
    if (!Double.isNaN(bound)) {
      high = Math.min(high, bound);
      count++;
    }
  }

  /** The number of upper bounds. */
  int count() {
    return count;
  }

  /** Whether the bounds are consistent to within {@code slack}. */
  boolean holds(double slack) {
    return low <= high + slack;
  }

  boolean contains(double value, double slack) {
    return value >= low - slack && value <= high + slack;
  }

  boolean bounded() {
    return !Double.isInfinite(low) && !Double.isInfinite(high);
  }

  double middle() {
    return (low + high) / 2;
  }

  double halfWidth() {
    return Math.abs(high - low) / 2;
  }
}
