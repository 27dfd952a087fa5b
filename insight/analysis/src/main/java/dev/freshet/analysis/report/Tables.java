package dev.freshet.analysis.report;

import dev.freshet.analysis.Analysis;
import dev.freshet.analysis.Metric;
import dev.freshet.analysis.Stats;
import dev.freshet.plots.Numbers;
import dev.freshet.plots.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The tables of a report. */
final class Tables {
  private Tables() {}

  /** A row a metric that occurs. */
  static Table metrics(Analysis analysis) {
    List<String> head = new ArrayList<>(List.of("metric"));
    head.addAll(Figures.HEADS);
    Table table = new Table(head);
    for (Metric metric : Metric.values()) {
      Stats stats = analysis.stats().get(metric);
      if (stats != null && stats.count() > 0) {
        table.row(metric.label(), Figures.cells(stats));
      }
    }
    return table;
  }

  /** The updates that took longest, with where the time went. */
  static Table slowest(Analysis analysis) {
    Table table =
        new Table(
            List.of(
                "trace",
                "wall_ms",
                "queue_ms",
                "rpc_ms",
                "send→recv",
                "connect",
                "accept",
                "handler",
                "answer",
                "inflight",
                "line"));
    for (Analysis.Update update : analysis.slowest(JsonReport.SLOWEST)) {
      table.row(
          update.trace(),
          List.of(
              Numbers.rounded(update.wallMs()),
              Numbers.rounded(update.queueMs()),
              Numbers.rounded(update.rpcMs()),
              Numbers.rounded(update.gapMs()),
              Numbers.rounded(update.connectMs()),
              Numbers.rounded(update.acceptMs()),
              Numbers.rounded(update.handlerMs()),
              Numbers.rounded(update.answerMs()),
              count(update.inflight()),
              update.where()));
    }
    return table;
  }

  private static String count(double value) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.0f", value);
  }

  static Table correlations(Analysis analysis) {
    Table table = new Table(List.of("with inflight", "calls", "Pearson", "Spearman"));
    analysis.correlations().stream()
        .filter(correlation -> correlation.known())
        .forEach(
            c ->
                table.row(
                    c.metric(),
                    List.of(
                        String.valueOf(c.count()),
                        String.format(Locale.ROOT, "%.2f", c.pearson()),
                        String.format(Locale.ROOT, "%.2f", c.spearman()))));
    return table;
  }

  /** What was read, in a sentence. */
  static String inputs(Analysis analysis) {
    long bytes = analysis.inputs().stream().mapToLong(Analysis.Input::bytes).sum();
    long lines = analysis.inputs().stream().mapToLong(Analysis.Input::lines).sum();
    long events = analysis.inputs().stream().mapToLong(Analysis.Input::events).sum();
    return String.format(
        Locale.ROOT,
        "%s: %,d lines, %,.1f MB, %,d events",
        analysis.inputs().size() == 1
            ? analysis.inputs().getFirst().name()
            : analysis.inputs().size() + " logs",
        lines,
        bytes / 1e6,
        events);
  }

  /** The line through rpc_ms, in a sentence; empty if there are too few updates. */
  static String trend(Analysis analysis) {
    return analysis
        .trend()
        .map(
            trend ->
                String.format(
                    Locale.ROOT,
                    "rpc_ms over the longest run: %s → %s ms over %,d updates (z %.1f)",
                    Numbers.rounded(trend.start()),
                    Numbers.rounded(trend.end()),
                    trend.count(),
                    trend.z()))
        .orElse("");
  }
}
