package dev.freshet.metrics;

import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;

/** A value that rises and falls. Omitted from a page until it is set. Thread-safe. */
public final class Gauge {
  private volatile Supplier<OptionalDouble> value = OptionalDouble::empty;

  Gauge() {}

  /** Sets the value. */
  public void set(double now) {
    value = () -> OptionalDouble.of(now);
  }

  /** Reads the value from {@code source} for every page. */
  public void read(DoubleSupplier source) {
    value = () -> OptionalDouble.of(source.getAsDouble());
  }

  Optional<GaugeDataPointSnapshot> snapshot(Labels labels) {
    OptionalDouble known = value.get();
    return known.isPresent()
        ? Optional.of(
            GaugeDataPointSnapshot.builder().labels(labels).value(known.getAsDouble()).build())
        : Optional.empty();
  }
}
