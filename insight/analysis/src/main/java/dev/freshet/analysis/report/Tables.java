package dev.freshet.analysis.report;

import dev.freshet.analysis.Analysis;
import dev.freshet.analysis.LogMetric;
import dev.freshet.analysis.Stats;
import dev.freshet.analysis.TimeShares;
import dev.freshet.plots.Numbers;
import dev.freshet.plots.Table;
import dev.freshet.trace.time.RoleState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The tables of a report. */
final class Tables {
  private Tables() {}

  /** A row for each metric that occurs. */
  static Table metrics(Analysis analysis) {
    List<String> head = new ArrayList<>(List.of("metric"));
    head.addAll(Figures.HEADS);
    Table table = new Table(head);
    for (LogMetric metric : LogMetric.values()) {
      Stats stats = analysis.stats().get(metric);
      if (stats != null && stats.count() > 0) {
        table.row(metric.label(), Figures.cells(stats));
      }
    }
    return table;
  }

  /** The slowest updates and the parts of their time. */
  static Table slowest(Analysis analysis) {
    List<String> head = new ArrayList<>(List.of("trace"));
    UpdateParts.TOTALS.forEach(part -> head.add(part.wireName()));
    head.add("send→recv");
    UpdateParts.OF_QUEUE.forEach(part -> head.add(part.label()));
    head.addAll(List.of("inflight", "line"));
    Table table = new Table(head);
    for (Analysis.Update update : analysis.slowest(JsonReport.SLOWEST)) {
      List<String> cells = new ArrayList<>();
      UpdateParts.TOTALS.forEach(part -> cells.add(Numbers.rounded(update.ms(part))));
      cells.add(Numbers.rounded(update.gapMs()));
      UpdateParts.OF_QUEUE.forEach(part -> cells.add(Numbers.rounded(update.ms(part))));
      cells.addAll(List.of(count(update.inflight()), update.where()));
      table.row(update.trace(), cells);
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

  /** A row for each role and server, with the share of each state that any of them was in. */
  static Table times(Analysis analysis) {
    List<RoleState> states =
        Arrays.stream(RoleState.values())
            .filter(state -> analysis.times().stream().anyMatch(role -> role.share(state) > 0))
            .toList();
    List<String> head = new ArrayList<>(List.of("role", "steps", "wall s"));
    states.forEach(state -> head.add(state.wireName()));
    Table table = new Table(head);
    for (TimeShares role : analysis.times()) {
      List<String> cells = new ArrayList<>();
      cells.add(String.valueOf(role.steps()));
      cells.add(String.format(Locale.ROOT, "%.1f", role.wallMs() / 1000));
      states.forEach(
          state ->
              cells.add(
                  role.states().containsKey(state)
                      ? String.format(Locale.ROOT, "%.1f %%", 100 * role.share(state))
                      : "-"));
      table.row(role.name(), cells);
    }
    return table;
  }

  /** The inputs, in one line. */
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

  /** The trend of rpc_ms, in one line; empty if there are too few updates. */
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
