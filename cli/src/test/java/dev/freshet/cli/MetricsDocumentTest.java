package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.metrics.MetricDefinition;
import dev.freshet.metrics.MetricDefinition.Role;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.orchestrator.OrchestratorMetrics;
import dev.freshet.router.RouterMetrics;
import dev.freshet.server.InferenceMetrics;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trainer.TrainerMetrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** {@code docs/metrics.md} has every metric that there is, and none that there is not. */
class MetricsDocumentTest {
  private static final Path DOCUMENT = Path.of("../docs/metrics.md");

  private final List<MetricDefinition> definitions = definitions();

  private static List<MetricDefinition> definitions() {
    MetricsRegistry registry = new MetricsRegistry();
    var _ = InferenceMetrics.in(registry, MonotonicClock.SYSTEM);
    var _ = new OrchestratorMetrics(registry);
    var _ = new TrainerMetrics(registry, MonotonicClock.SYSTEM);
    var _ = new RouterMetrics(registry);
    return registry.definitions();
  }

  /** The table of a role as the document has to have it. */
  private String table(Role role) {
    return definitions.stream()
        .filter(definition -> definition.role() == role)
        .map(MetricsDocumentTest::line)
        .collect(
            Collectors.joining(
                "\n",
                "\n## %s\n\n| metric | kind | unit | labels | meaning |\n|---|---|---|---|---|\n"
                    .formatted(title(role)),
                "\n"));
  }

  private static String title(Role role) {
    String name = role.name();
    return name.charAt(0) + name.substring(1).toLowerCase(Locale.ROOT);
  }

  private static String line(MetricDefinition metric) {
    return "| `%s` | %s | %s | %s | %s |"
        .formatted(
            metric.name(),
            metric.kind().name().toLowerCase(Locale.ROOT),
            metric.inSeconds() ? "seconds" : "",
            metric.labels().stream().map("`%s`"::formatted).collect(Collectors.joining(", ")),
            metric.help());
  }

  @Test
  void theDocumentHasTheTableOfEachRole() throws IOException {
    String document = Files.readString(DOCUMENT);

    assertThat(Role.values()).allSatisfy(role -> assertThat(document).contains(table(role)));
  }

  @Test
  void theDocumentTablesNothingElse() throws IOException {
    List<String> names =
        Files.readAllLines(DOCUMENT).stream()
            .filter(line -> line.startsWith("| `freshet_"))
            .map(line -> line.split("`", 3)[1])
            .toList();

    assertThat(names)
        .containsExactlyInAnyOrderElementsOf(
            definitions.stream().map(MetricDefinition::name).toList());
  }

  @Test
  void everyNameHasThePrefixAndBaseUnits() {
    assertThat(definitions)
        .allSatisfy(
            metric -> {
              assertThat(metric.name()).matches("freshet_[a-z]+(_[a-z]+)*");
              assertThat(metric.name()).doesNotContain("_ms", "millis", "percent", "_pct");
              assertThat(metric.inSeconds() || metric.kind() != MetricDefinition.Kind.HISTOGRAM)
                  .isTrue();
              assertThat(metric.help()).isNotBlank().doesNotContain("|", "\n").doesNotEndWith(".");
            });
  }

  @Test
  void labelsAreOnlyThoseWithFewValues() {
    assertThat(definitions.stream().flatMap(metric -> metric.labels().stream()).distinct())
        .isSubsetOf(
            Arrays.asList(
                "replica",
                "environment",
                "op",
                "phase",
                "part",
                "outcome",
                "source",
                "prefix",
                "state",
                "finish_reason",
                "reason",
                "lag",
                "level",
                "status"));
  }
}
