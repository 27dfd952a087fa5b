package dev.freshet.metrics;

import dev.freshet.metrics.MetricDefinition.Kind;
import dev.freshet.metrics.MetricDefinition.Role;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.Unit;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/**
 * The metrics of one page: those of a process, or of one server if several share a process. A name
 * is registered once. Making a page never blocks counting. Thread-safe.
 */
public final class MetricsRegistry {
  private final PrometheusRegistry collectors = new PrometheusRegistry();
  private final ExpositionFormats formats = ExpositionFormats.init();
  private final List<MetricDefinition> definitions = new CopyOnWriteArrayList<>();

  /**
   * A registry that also has the metrics of this JVM and process, {@code jvm_*}, {@code process_*}.
   */
  public static MetricsRegistry withJvm() {
    MetricsRegistry registry = new MetricsRegistry();
    JvmMetrics.builder().register(registry.collectors);
    return registry;
  }

  /** All registered metrics except those of the JVM. */
  public List<MetricDefinition> definitions() {
    return List.copyOf(definitions);
  }

  /**
   * The current values of all metrics.
   *
   * @param accept the HTTP {@code Accept} header, which selects the format: Prometheus protobuf
   *     (the only one with native histograms), OpenMetrics, or for anything else the text format
   *     0.0.4
   */
  public MetricsPage page(String accept) {
    ExpositionFormatWriter writer = formats.findWriter(accept);
    ByteArrayOutputStream out = new ByteArrayOutputStream(1 << 14);
    try {
      writer.write(out, collectors.scrape());
    } catch (IOException e) {
      throw new UncheckedIOException("the metrics page cannot be written to memory", e);
    }
    return new MetricsPage(writer.getContentType(), out.toByteArray());
  }

  public Metric<Histogram> histogram(Role role, String name, String help, String... labels) {
    MetricDefinition definition = define(role, name, Kind.HISTOGRAM, help, labels);
    Metric<Histogram> metric = metric(definition, Histogram::new);
    collect(
        () -> new HistogramSnapshot(metadata(definition), metric.each((l, s) -> s.snapshot(l))));
    return metric;
  }

  public Metric<Counter> counter(Role role, String name, String help, String... labels) {
    MetricDefinition definition = define(role, name, Kind.COUNTER, help, labels);
    Metric<Counter> metric = metric(definition, Counter::new);
    collect(() -> new CounterSnapshot(metadata(definition), metric.each((l, s) -> s.snapshot(l))));
    return metric;
  }

  public Metric<Gauge> gauge(Role role, String name, String help, String... labels) {
    MetricDefinition definition = define(role, name, Kind.GAUGE, help, labels);
    Metric<Gauge> metric = metric(definition, Gauge::new);
    collect(
        () ->
            new GaugeSnapshot(
                metadata(definition),
                metric.each((l, s) -> s.snapshot(l)).stream().flatMap(Optional::stream).toList()));
    return metric;
  }

  private MetricDefinition define(
      Role role, String name, Kind kind, String help, String... labels) {
    MetricDefinition definition = new MetricDefinition(role, name, kind, help, List.of(labels));
    if (definitions.stream().anyMatch(other -> other.name().equals(name))) {
      throw new IllegalArgumentException("metric %s: already registered".formatted(name));
    }
    definitions.add(definition);
    return definition;
  }

  /** A metric; without labels its one series exists at once. */
  private static <S> Metric<S> metric(MetricDefinition definition, Supplier<S> make) {
    Metric<S> metric = new Metric<>(definition, make);
    if (definition.labels().isEmpty()) {
      metric.of();
    }
    return metric;
  }

  private void collect(Collector collector) {
    collectors.register(collector);
  }

  private static MetricMetadata metadata(MetricDefinition definition) {
    return definition.inSeconds()
        ? new MetricMetadata(definition.family(), definition.help(), Unit.SECONDS)
        : new MetricMetadata(definition.family(), definition.help());
  }
}
