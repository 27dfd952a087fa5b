package dev.freshet.analysis;

import java.util.Arrays;
import java.util.Collection;

/**
 * How a figure is distributed. Percentiles are interpolated linearly between the two nearest ranks;
 * the standard deviation is that of the values themselves, not an estimate from a sample. Of no
 * values, all figures are NaN.
 */
public record Distribution(
    int count,
    double min,
    double mean,
    double p50,
    double p95,
    double p99,
    double max,
    double stddev) {
  /** The distribution of these values. */
  public static Distribution of(Collection<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    double mean = Arrays.stream(sorted).average().orElse(Double.NaN);
    double variance =
        Arrays.stream(sorted).map(v -> (v - mean) * (v - mean)).average().orElse(Double.NaN);
    return new Distribution(
        sorted.length,
        percentile(sorted, 0),
        mean,
        percentile(sorted, 50),
        percentile(sorted, 95),
        percentile(sorted, 99),
        percentile(sorted, 100),
        Math.sqrt(variance));
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
}
