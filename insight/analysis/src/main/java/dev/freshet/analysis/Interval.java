package dev.freshet.analysis;

/**
 * Bounds of an unknown number, from observations each of which says that it is at least or at most
 * something.
 */
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

  /** How many observations bound it from above. */
  int count() {
    return count;
  }

  /** Whether the observations agree to within {@code slack}. */
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
