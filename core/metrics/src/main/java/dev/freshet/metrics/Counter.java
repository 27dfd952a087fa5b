package dev.freshet.metrics;

import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;

/** A sum that only grows. Adding never blocks. Thread-safe. */
public final class Counter {
  private final LongAdder sum = new LongAdder();
  private volatile DoubleSupplier value = sum::sum;

  Counter() {}

  /** Adds {@code amount}, 0 or more. */
  public void add(long amount) {
    sum.add(amount);
  }

  /** Reads the sum, which must never fall, from {@code source} for every page. */
  public void read(DoubleSupplier source) {
    value = source;
  }

  /** The current sum. */
  public double value() {
    return value.getAsDouble();
  }

  CounterDataPointSnapshot snapshot(Labels labels) {
    return CounterDataPointSnapshot.builder().labels(labels).value(value()).build();
  }
}
