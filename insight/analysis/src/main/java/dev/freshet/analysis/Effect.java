package dev.freshet.analysis;

import java.util.Arrays;
import java.util.Optional;

/**
 * Values, some of which are not good.
 *
 * @param n values known
 * @param bad the number that is not good
 * @param critical the number that is critical
 * @param median of all
 * @param badMedian of the number that is not good
 * @param times the median of those that are not good, as a multiple of the good bound
 */
record Effect(int n, int bad, int critical, double median, double badMedian, double times) {
  /** A share below this counts as outliers. */
  static final double SHARE = 0.05;

  private static final double OUTSTANDING = 10;

  /** The effect, if it is more than an outlier. */
  static Optional<Effect> of(double[] values, Range range) {
    double[] known = Arrays.stream(values).filter(v -> !Double.isNaN(v)).toArray();
    double[] bad = Arrays.stream(known).filter(v -> range.known() && !range.isGood(v)).toArray();
    double badMedian = Samples.median(bad);
    Effect effect =
        new Effect(
            known.length,
            bad.length,
            (int) Arrays.stream(bad).filter(range::isCritical).count(),
            Samples.median(known),
            badMedian,
            badMedian / Math.max(range.good(), 1));
    return effect.isState() ? Optional.of(effect) : Optional.empty();
  }

  /**
   * Whether this is more than one outlier, or one that is critical and far out among several
   * values.
   */
  private boolean isState() {
    return bad == 1
        ? n > 1 && n < 1 / SHARE && critical == 1 && times >= OUTSTANDING
        : bad > 1 && bad >= SHARE * n;
  }

  double share() {
    return (double) bad / n;
  }

  /** Critical if the critical values are more than outliers. */
  Severity severity() {
    return critical >= Math.max(1, SHARE * n) ? Severity.CRITICAL : Severity.WARNING;
  }

  Confidence confidence() {
    return Confidence.of(share(), times, n);
  }
}
