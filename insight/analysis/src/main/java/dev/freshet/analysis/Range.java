package dev.freshet.analysis;

/**
 * What is good of a figure and what is not: good below the first bound, critical above the second,
 * a warning between. Bounds of NaN mean that nothing is said.
 *
 * @param inclusive whether the first bound itself is good
 */
public record Range(double good, double critical, boolean inclusive) {
  /** Nothing is known of what is good. */
  public static final Range UNKNOWN = new Range(Double.NaN, Double.NaN, false);

  static Range below(double good, double critical) {
    return new Range(good, critical, false);
  }

  static Range upTo(double good, double critical) {
    return new Range(good, critical, true);
  }

  /** Whether anything is said. */
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
