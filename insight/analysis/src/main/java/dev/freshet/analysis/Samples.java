package dev.freshet.analysis;

import java.util.Arrays;
import org.apache.commons.statistics.descriptive.Quantile;
import org.apache.commons.statistics.ranking.NaNStrategy;
import org.apache.commons.statistics.ranking.NaturalRanking;
import org.apache.commons.statistics.ranking.TiesStrategy;

/**
 * Percentiles, ranks and correlations of samples, and whether one sample is larger than another.
 */
final class Samples {
  private static final Quantile PERCENTILES =
      Quantile.withDefaults().with(Quantile.EstimationMethod.HF7);
  private static final NaturalRanking RANKS =
      new NaturalRanking(NaNStrategy.FAILED, TiesStrategy.AVERAGE);

  private Samples() {}

  /**
   * The value below which {@code percent} of the values lie, interpolated linearly between the two
   * nearest ranks (type 7 of Hyndman and Fan, the default of numpy); NaN of none.
   *
   * @param values in any order; their order changes
   */
  static double percentile(double[] values, double percent) {
    return PERCENTILES.evaluate(values, percent / 100);
  }

  /** Several percentiles at once. */
  static double[] percentiles(double[] values, double... percents) {
    return PERCENTILES.evaluate(values, Arrays.stream(percents).map(p -> p / 100).toArray());
  }

  /** The median; NaN of none. Values that are NaN are left out. */
  static double median(double[] values) {
    return percentile(Arrays.stream(values).filter(v -> !Double.isNaN(v)).toArray(), 50);
  }

  /** Ranks from 1; equal values share the mean of their ranks. */
  static double[] ranks(double[] values) {
    return values.length == 0 ? values : RANKS.apply(values);
  }

  /** Pearson's coefficient; NaN if one of the two does not vary. */
  static double pearson(double[] x, double[] y) {
    double meanX = Arrays.stream(x).average().orElse(Double.NaN);
    double meanY = Arrays.stream(y).average().orElse(Double.NaN);
    double xy = 0;
    double xx = 0;
    double yy = 0;
    for (int i = 0; i < x.length; i++) {
      xy += (x[i] - meanX) * (y[i] - meanY);
      xx += (x[i] - meanX) * (x[i] - meanX);
      yy += (y[i] - meanY) * (y[i] - meanY);
    }
    return xx == 0 || yy == 0 ? Double.NaN : xy / Math.sqrt(xx * yy);
  }

  /** Spearman's coefficient: Pearson's of the ranks. */
  static double spearman(double[] x, double[] y) {
    return pearson(ranks(x), ranks(y));
  }

  /**
   * By how many standard deviations the rank sum of {@code a} exceeds its expectation
   * (Mann–Whitney, without correction for ties).
   */
  static double rankSumZ(double[] a, double[] b) {
    double[] all = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    double sum = Arrays.stream(ranks(all), 0, a.length).sum();
    double n = all.length;
    double expected = a.length * (n + 1) / 2;
    double deviation = Math.sqrt(a.length * (double) b.length * (n + 1) / 12);
    return (sum - expected) / deviation;
  }
}
