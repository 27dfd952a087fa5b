package dev.freshet.analysis;

import java.util.Arrays;
import java.util.Collection;

/**
 * How values are distributed. Percentiles are interpolated linearly between the two nearest ranks;
 * the standard deviation is the population's. Without values, all but the count is NaN.
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
    double[] all = values.stream().mapToDouble(Double::doubleValue).toArray();
    double mean = Arrays.stream(all).average().orElse(Double.NaN);
    double variance =
        Arrays.stream(all).map(v -> (v - mean) * (v - mean)).average().orElse(Double.NaN);
    double[] percentiles = Samples.percentiles(all, 0, 50, 95, 99, 100);
    return new Distribution(
        all.length,
        percentiles[0],
        mean,
        percentiles[1],
        percentiles[2],
        percentiles[3],
        percentiles[4],
        Math.sqrt(variance));
  }
}
