package dev.freshet.metrics;

import io.prometheus.metrics.model.snapshots.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/**
 * A metric with its series, one for each combination of values that its labels have. A series is
 * there, at zero, from the first time it is asked for. Thread-safe.
 *
 * @param <S> the kind of its series: {@link Histogram}, {@link Counter} or {@link Gauge}
 */
public final class Metric<S> {
  private final MetricDefinition definition;
  private final Supplier<S> make;
  private final ConcurrentHashMap<List<String>, S> series = new ConcurrentHashMap<>();

  Metric(MetricDefinition definition, Supplier<S> make) {
    this.definition = definition;
    this.make = make;
  }

  /** The series with these values of the labels, in the labels' order. */
  public S of(String... values) {
    List<String> key = List.of(values);
    if (key.size() != definition.labels().size()) {
      throw new IllegalArgumentException(
          "%s of %s: expected values of %s".formatted(definition.name(), key, definition.labels()));
    }
    return series.computeIfAbsent(key, _ -> make.get());
  }

  /** Something of every series and its labels. */
  <T> List<T> each(BiFunction<Labels, S, T> of) {
    List<T> all = new ArrayList<>();
    series.forEach((values, one) -> all.add(of.apply(Labels.of(definition.labels(), values), one)));
    return all;
  }
}
