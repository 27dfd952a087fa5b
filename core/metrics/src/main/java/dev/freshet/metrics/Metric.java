package dev.freshet.metrics;

import io.prometheus.metrics.model.snapshots.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/**
 * A metric with one series for each combination of label values. A series exists, at zero, from the
 * first time it is requested. Thread-safe.
 *
 * @param <S> the type of its series: {@link Histogram}, {@link Counter} or {@link Gauge}
 */
public final class Metric<S> {
  private final MetricDefinition definition;
  private final Supplier<S> make;
  private final ConcurrentHashMap<List<String>, S> series = new ConcurrentHashMap<>();

  Metric(MetricDefinition definition, Supplier<S> make) {
    this.definition = definition;
    this.make = make;
  }

  /** The series with these label values, in the order of the labels. */
  public S of(String... values) {
    List<String> key = List.of(values);
    if (key.size() != definition.labels().size()) {
      throw new IllegalArgumentException(
          "metric %s: got label values %s, expected one for each of %s"
              .formatted(definition.name(), key, definition.labels()));
    }
    return series.computeIfAbsent(key, _ -> make.get());
  }

  /** Applies {@code of} to every series with its labels. */
  <T> List<T> each(BiFunction<Labels, S, T> of) {
    List<T> all = new ArrayList<>();
    series.forEach((values, one) -> all.add(of.apply(Labels.of(definition.labels(), values), one)));
    return all;
  }
}
