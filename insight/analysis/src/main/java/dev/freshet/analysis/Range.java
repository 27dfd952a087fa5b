package dev.freshet.analysis;

/**
 * The range by which a metric is judged: good below the first bound, critical above the second, a
 * warning between. Bounds of NaN judge nothing.
 *
 * @param inclusive whether the first bound itself is good
 */
public record Range(double good, double critical, boolean inclusive) {
  /** Judges nothing. */
  public static final Range UNKNOWN = new Range(Double.NaN, Double.NaN, false);

  static Range below(double good, double critical) {
    return new Range(good, critical, false);
  }

  static Range upTo(double good, double critical) {
    return new Range(good, critical, true);
  }

  /** Whether it judges anything. */
  public boolean known() {
    return !Double.isNaN(good);
  }

  boolean isGood(double value) {
    return value < good || (inclusive && value == good);
  }

  boolean isCritical(double value) {
    return value > critical;
  }
}
