package dev.freshet.analysis;

import java.util.Arrays;
import java.util.Optional;

/**
 * Values of which some are not good.
 *
 * @param n values known
 * @param bad those that are not good
 * @param critical those that are critical
 * @param median of all
 * @param badMedian of those that are not good
 * @param times how many times the bound of what is good the median of the bad is
 */
record Effect(int n, int bad, int critical, double median, double badMedian, double times) {
  /** A share below this is an outlier, not a state. */
  static final double SHARE = 0.05;

  private static final double OUTSTANDING = 10;

  /** The effect, if it is worth saying. */
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

  /** Not a single outlier, unless that is critical and far out, nor a single value. */
  private boolean isState() {
    return bad == 1
        ? n > 1 && n < 1 / SHARE && critical == 1 && times >= OUTSTANDING
        : bad > 1 && bad >= SHARE * n;
  }

  double share() {
    return (double) bad / n;
  }

  /** Critical if that is a state too. */
  Severity severity() {
    return critical >= Math.max(1, SHARE * n) ? Severity.CRITICAL : Severity.WARNING;
  }

  Confidence confidence() {
    return Confidence.of(share(), times, n);
  }
}
