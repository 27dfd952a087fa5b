package dev.freshet.analysis;

import java.util.Arrays;

/**
 * Collects the values of a metric. Count, mean, deviation, extremes and shares are always exact,
 * percentiles up to {@link #MOST_EXACT} values; beyond that values are counted in buckets whose
 * bounds are 1 % apart. Values are at least 0.
 */
final class MetricValues {
  static final int MOST_EXACT = 1 << 19;

  private static final int FIRST = 256;
  private static final double LEAST = 0.01;
  private static final double LOG_STEP = Math.log(1.01);
  private static final int BUCKETS = 3200;
  private static final double[] PERCENTILES = {50, 90, 95, 99};

  private double[] values = new double[FIRST];
  private int kept;
  private long[] buckets = {};
  private long count;
  private long good;
  private long critical;
  private long judged;
  private double mean;
  private double squares;
  private double min = Double.POSITIVE_INFINITY;
  private double max = Double.NEGATIVE_INFINITY;

  /** A copy that values can be added to independently. */
  MetricValues copy() {
    MetricValues copy = new MetricValues();
    copy.values = Arrays.copyOf(values, Math.max(FIRST, kept));
    copy.kept = kept;
    copy.buckets = buckets.clone();
    copy.count = count;
    copy.good = good;
    copy.critical = critical;
    copy.judged = judged;
    copy.mean = mean;
    copy.squares = squares;
    copy.min = min;
    copy.max = max;
    return copy;
  }

  void add(double value, Range range) {
    count++;
    double before = value - mean;
    mean += before / count;
    squares += before * (value - mean);
    min = Math.min(min, value);
    max = Math.max(max, value);
    if (range.known()) {
      judged++;
      good += range.isGood(value) ? 1 : 0;
      critical += range.isCritical(value) ? 1 : 0;
    }
    if (buckets.length == 0 && kept == MOST_EXACT) {
      buckets = new long[BUCKETS];
      Arrays.stream(values, 0, kept).forEach(v -> buckets[bucket(v)]++);
      values = new double[0];
      kept = 0;
    }
    if (buckets.length > 0) {
      buckets[bucket(value)]++;
    } else {
      if (kept == values.length) {
        values = Arrays.copyOf(values, Math.min(MOST_EXACT, kept * 2));
      }
      values[kept++] = value;
    }
  }

  private static int bucket(double value) {
    return value < LEAST
        ? 0
        : Math.min(BUCKETS - 1, 1 + (int) (Math.log(value / LEAST) / LOG_STEP));
  }

  Stats stats() {
    boolean exact = buckets.length == 0;
    double[] percentiles =
        exact
            ? Samples.percentiles(Arrays.copyOf(values, kept), PERCENTILES)
            : Arrays.stream(PERCENTILES).map(this::fromBuckets).toArray();
    return new Stats(
        count,
        count == 0 ? Double.NaN : mean,
        count == 0 ? Double.NaN : Math.sqrt(squares / count),
        count == 0 ? Double.NaN : min,
        percentiles[0],
        percentiles[1],
        percentiles[2],
        percentiles[3],
        count == 0 ? Double.NaN : max,
        share(good),
        share(judged - good - critical),
        share(critical),
        exact);
  }

  private double share(long part) {
    return judged == 0 ? Double.NaN : (double) part / judged;
  }

  private double fromBuckets(double percent) {
    double rank = percent / 100 * (count - 1);
    long before = 0;
    for (int i = 0; i < BUCKETS; i++) {
      before += buckets[i];
      if (before > rank) {
        double middle = i == 0 ? 0 : LEAST * Math.exp((i - 0.5) * LOG_STEP);
        return Math.clamp(middle, min, max);
      }
    }
    return max;
  }
}
