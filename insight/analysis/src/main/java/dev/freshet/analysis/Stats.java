package dev.freshet.analysis;

/**
 * The distribution of a metric. Percentiles are interpolated linearly between ranks, the standard
 * deviation is the population's, shares are from 0 to 1. Without values, all but the count is NaN;
 * without a range, the shares are NaN.
 *
 * @param exact whether percentiles are computed from all values; else they are within 1 %
 */
public record Stats(
    long count,
    double mean,
    double stddev,
    double min,
    double p50,
    double p90,
    double p95,
    double p99,
    double max,
    double good,
    double warning,
    double critical,
    boolean exact) {

  /** The share that is not good. */
  public double bad() {
    return warning + critical;
  }
}
