package dev.freshet.lab;

import java.util.Arrays;
import java.util.Collection;

/**
 * How a figure is distributed. Percentiles are interpolated linearly between the two nearest ranks.
 * Of no values, all figures are NaN.
 */
public record Distribution(int count, double p50, double p95, double p99, double max) {
  /** The distribution of these values. */
  public static Distribution of(Collection<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return new Distribution(
        sorted.length,
        percentile(sorted, 50),
        percentile(sorted, 95),
        percentile(sorted, 99),
        sorted.length == 0 ? Double.NaN : sorted[sorted.length - 1]);
  }

  /**
   * The value below which {@code percent} of the values lie.
   *
   * @param sorted ascending
   */
  static double percentile(double[] sorted, double percent) {
    if (sorted.length == 0) {
      return Double.NaN;
    }
    double rank = percent / 100 * (sorted.length - 1);
    int below = (int) Math.floor(rank);
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (rank - below) * (sorted[above] - sorted[below]);
  }

  /** The mean of the values; NaN of none. */
  static double mean(Collection<Double> values) {
    return Arrays.stream(values.stream().mapToDouble(Double::doubleValue).toArray())
        .average()
        .orElse(Double.NaN);
  }
}
