package dev.freshet.analysis.report;

import dev.freshet.analysis.Analysis;
import dev.freshet.analysis.LogMetric;
import dev.freshet.analysis.Signature;
import dev.freshet.analysis.Stats;
import dev.freshet.plots.Numbers;
import dev.freshet.plots.Table;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/** Two analyses side by side: all metrics and signatures that one of them has. */
public final class ComparisonReport {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ComparisonReport() {}

  /** Tables for a terminal; ends with a line end. */
  public static String text(String nameA, Analysis a, String nameB, Analysis b) {
    StringBuilder text = new StringBuilder();
    text.append("A  ").append(nameA).append("\n   ").append(a.verdict()).append('\n');
    text.append("B  ").append(nameB).append("\n   ").append(b.verdict()).append("\n\n");
    Table metrics =
        new Table(
            List.of("metric", "n A", "n B", "p50 A", "p50 B", "B/A", "p99 A", "p99 B", "B/A"));
    for (LogMetric metric : LogMetric.values()) {
      Optional<Stats> ofA = stats(a, metric);
      Optional<Stats> ofB = stats(b, metric);
      if (ofA.isPresent() || ofB.isPresent()) {
        metrics.row(
            metric.label(),
            List.of(
                count(ofA),
                count(ofB),
                figure(ofA, Stats::p50),
                figure(ofB, Stats::p50),
                ratio(ofA, ofB, Stats::p50),
                figure(ofA, Stats::p99),
                figure(ofB, Stats::p99),
                ratio(ofA, ofB, Stats::p99)));
      }
    }
    text.append(metrics.text());
    Table findings = new Table(List.of("signature", "A", "B"));
    for (Signature signature : Signature.values()) {
      String inA = finding(a, signature);
      String inB = finding(b, signature);
      if (!inA.equals("-") || !inB.equals("-")) {
        findings.row(signature.label(), List.of(inA, inB));
      }
    }
    if (!findings.isEmpty()) {
      text.append('\n').append(findings.text());
    }
    return text.toString();
  }

  /** {@code {"a": <report>, "b": <report>, "ratio": {<metric>: {"mean", "p50", "p99"}}}}. */
  public static String json(Analysis a, Analysis b) {
    ObjectNode root = JSON.createObjectNode();
    root.set("a", JsonReport.node(a));
    root.set("b", JsonReport.node(b));
    ObjectNode ratios = root.putObject("ratio");
    for (LogMetric metric : LogMetric.values()) {
      Optional<Stats> ofA = stats(a, metric);
      Optional<Stats> ofB = stats(b, metric);
      if (ofA.isPresent() && ofB.isPresent()) {
        ObjectNode node = ratios.putObject(metric.label());
        put(node, "mean", ofB.get().mean() / ofA.get().mean());
        put(node, "p50", ofB.get().p50() / ofA.get().p50());
        put(node, "p99", ofB.get().p99() / ofA.get().p99());
      }
    }
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root);
  }

  private static void put(ObjectNode node, String key, double value) {
    if (Double.isFinite(value)) {
      node.put(key, value);
    } else {
      node.putNull(key);
    }
  }

  private static Optional<Stats> stats(Analysis analysis, LogMetric metric) {
    return Optional.ofNullable(analysis.stats().get(metric)).filter(stats -> stats.count() > 0);
  }

  private static String count(Optional<Stats> stats) {
    return stats.map(s -> String.format(Locale.ROOT, "%,d", s.count())).orElse("-");
  }

  private static String figure(Optional<Stats> stats, ToDoubleFunction<Stats> figure) {
    return stats.map(s -> Numbers.rounded(figure.applyAsDouble(s))).orElse("-");
  }

  private static String ratio(
      Optional<Stats> a, Optional<Stats> b, ToDoubleFunction<Stats> figure) {
    if (a.isEmpty() || b.isEmpty()) {
      return "-";
    }
    double ratio = figure.applyAsDouble(b.get()) / figure.applyAsDouble(a.get());
    if (!Double.isFinite(ratio)) {
      return "-";
    }
    // Two decimals would round a small ratio to zero.
    return ratio > 0 && ratio < 0.1
        ? String.format(Locale.ROOT, "%.2g", ratio)
        : Numbers.rounded(ratio);
  }

  private static String finding(Analysis analysis, Signature signature) {
    return analysis.findings().stream()
        .filter(finding -> finding.signature() == signature)
        .findFirst()
        .map(f -> String.format(Locale.ROOT, "%s %.2f", f.severity().label(), f.confidence()))
        .orElse("-");
  }
}
