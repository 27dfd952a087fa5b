package dev.freshet.analysis;

/**
 * The confidence of a finding. It starts at a half, plus up to a quarter for the share of affected
 * observations, plus up to a quarter for the size of the effect (all of it at ten times the good
 * bound), times n / (n + 1) for n observations. Each circumstance that supports the finding moves
 * it a third of the way to 1; each that contradicts it halves it.
 */
final class Confidence {
  private static final double MOST = 0.99;

  private double value;

  private Confidence(double value) {
    this.value = value;
  }

  /**
   * @param share of observations with the effect
   * @param times the size as a multiple of the good bound
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
