package dev.freshet.metrics;

import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.DoubleAdder;

/**
 * A histogram of durations. Counting one never blocks and never allocates. A negative duration
 * counts as 0. Thread-safe; a concurrent scrape may have a duration in its count and not yet in its
 * sum.
 */
public final class Histogram {
  private final AtomicLongArray cells = new AtomicLongArray(Buckets.cells());
  private final DoubleAdder sum = new DoubleAdder();

  Histogram() {}

  /** Counts a duration. */
  public void nanos(long nanos) {
    nanos(nanos, 1);
  }

  /** Counts a duration {@code times} times. */
  public void nanos(long nanos, long times) {
    seconds(nanos / 1e9, times);
  }

  /** Counts a duration. */
  public void millis(double millis) {
    seconds(millis / 1e3, 1);
  }

  private void seconds(double seconds, long times) {
    double counted = Math.max(0, seconds);
    cells.getAndAdd(Buckets.cell(counted), times);
    sum.add(counted * times);
  }

  HistogramDataPointSnapshot snapshot(Labels labels) {
    double total = sum.sum();
    long[] counts = Buckets.counts(cells);
    return HistogramDataPointSnapshot.builder()
        .labels(labels)
        .sum(total)
        .classicHistogramBuckets(Buckets.classics(counts))
        .nativeSchema(Buckets.SCHEMA)
        .nativeZeroThreshold(Buckets.ZERO_THRESHOLD)
        .nativeZeroCount(Buckets.zeros(counts))
        .nativeBucketsForPositiveValues(Buckets.natives(counts))
        .build();
  }
}
