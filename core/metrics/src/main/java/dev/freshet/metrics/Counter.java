package dev.freshet.metrics;

import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;

/** A sum that only grows. Thread-safe; adding waits for no one. */
public final class Counter {
  private final LongAdder sum = new LongAdder();
  private volatile DoubleSupplier value = sum::sum;

  Counter() {}

  /** Adds {@code amount}, 0 or more. */
  public void add(long amount) {
    sum.add(amount);
  }

  /** Takes the sum from where it is kept, whenever it is asked for. It must never fall. */
  public void read(DoubleSupplier source) {
    value = source;
  }

  /** The sum now. */
  public double value() {
    return value.getAsDouble();
  }

  CounterDataPointSnapshot snapshot(Labels labels) {
    return CounterDataPointSnapshot.builder().labels(labels).value(value()).build();
  }
}
