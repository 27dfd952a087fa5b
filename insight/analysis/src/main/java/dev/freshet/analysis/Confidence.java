package dev.freshet.analysis;

/**
 * How sure a finding is. It begins with the effect: a half, up to a quarter more for the share of
 * observations that have it, up to a quarter for its size (all of it at ten times what is good),
 * times n / (n + 1) for n observations. Each circumstance that agrees takes it a third of the way
 * to 1, each that contradicts halves it.
 */
final class Confidence {
  private static final double MOST = 0.99;

  private double value;

  private Confidence(double value) {
    this.value = value;
  }

  /**
   * @param share of observations with the effect
   * @param times how many times as large as what is good
   * @param n observations
   */
  static Confidence of(double share, double times, int n) {
    double size = Math.clamp(Math.log10(Math.max(1, times)), 0, 1);
    return new Confidence((0.5 + 0.25 * Math.clamp(share, 0, 1) + 0.25 * size) * n / (n + 1.0));
  }

  Confidence agrees() {
    value += (1 - value) / 3;
    return this;
  }

  Confidence contradicts() {
    value /= 2;
    return this;
  }

  /** Rounded to hundredths. */
  double value() {
    return Math.rint(Math.min(MOST, value) * 100) / 100;
  }
}
