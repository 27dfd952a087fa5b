package dev.freshet.metrics;

import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;

/** A value that goes up and down. It is left out of a page until it is known. Thread-safe. */
public final class Gauge {
  private volatile Supplier<OptionalDouble> value = OptionalDouble::empty;

  Gauge() {}

  /** The value from now on. */
  public void set(double now) {
    value = () -> OptionalDouble.of(now);
  }

  /** Takes the value from where it is kept, whenever it is asked for. */
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
