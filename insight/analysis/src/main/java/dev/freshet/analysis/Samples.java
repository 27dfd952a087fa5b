package dev.freshet.analysis;

import java.util.Arrays;

/** What is asked of samples: medians, ranks, how two go together, whether one is larger. */
final class Samples {
  private Samples() {}

  /** The median; NaN of none. Values that are NaN are left out. */
  static double median(double[] values) {
    return MetricValues.percentile(known(values), 50);
  }

  private static double[] known(double[] values) {
    return Arrays.stream(values).filter(v -> !Double.isNaN(v)).sorted().toArray();
  }

  /** Ranks from 1; equal values share the mean of theirs. */
  static double[] ranks(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    double[] ranks = new double[values.length];
    Arrays.setAll(
        ranks, i -> (below(sorted, values[i]) + below(sorted, Math.nextUp(values[i])) + 1) / 2.0);
    return ranks;
  }

  /** How many values are less. */
  private static int below(double[] sorted, double value) {
    int low = 0;
    int high = sorted.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (sorted[middle] < value) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Pearson's coefficient; NaN where one of the two does not vary. */
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
   * By how many standard deviations the rank sum of {@code a} exceeds what chance gives (Mann and
   * Whitney, without correction for ties).
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
