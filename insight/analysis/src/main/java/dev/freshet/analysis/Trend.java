package dev.freshet.analysis;

import java.util.Arrays;

/**
 * The trend of a sequence: the Theil–Sen line (the median of all slopes, which is robust against
 * outliers) and its Mann–Kendall significance.
 *
 * @param count the number of values, of which at most 400, evenly spaced, are used
 * @param start the line at the first value, not below 0
 * @param end the line at the last value, not below 0
 * @param z by how many standard deviations rises outnumber falls
 */
public record Trend(int count, double start, double end, double z) {
  private static final int MOST = 400;

  static Trend of(double[] all) {
    int n = Math.min(all.length, MOST);
    double[] values = new double[n];
    double[] at = new double[n];
    for (int i = 0; i < n; i++) {
      int index = n == 1 ? 0 : (int) ((long) i * (all.length - 1) / (n - 1));
      at[i] = index;
      values[i] = all[index];
    }
    double[] slopes = new double[n * (n - 1) / 2];
    long signs = 0;
    int k = 0;
    for (int i = 0; i < n; i++) {
      for (int j = i + 1; j < n; j++) {
        slopes[k++] = (values[j] - values[i]) / (at[j] - at[i]);
        signs += Double.compare(values[j], values[i]);
      }
    }
    double slope = Samples.median(slopes);
    double[] rests = new double[n];
    Arrays.setAll(rests, i -> values[i] - slope * at[i]);
    double start = Samples.median(rests);
    double deviation = Math.sqrt(n * (n - 1.0) * (2.0 * n + 5) / 18);
    return new Trend(
        all.length,
        Math.max(0, start),
        Math.max(0, start + slope * (all.length - 1)),
        (signs - Long.signum(signs)) / deviation);
  }

  /** The rise of the line from start to end. */
  double growth() {
    return end - start;
  }
}
