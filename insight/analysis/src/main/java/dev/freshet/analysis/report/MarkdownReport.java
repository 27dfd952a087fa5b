package dev.freshet.analysis.report;

import dev.freshet.analysis.Analysis;
import dev.freshet.analysis.Finding;
import dev.freshet.analysis.LogMetric;
import dev.freshet.plots.Table;
import java.util.Locale;

/** An analysis as Markdown: {@code SUMMARY.md}. */
final class MarkdownReport {
  private MarkdownReport() {}

  static String of(Analysis analysis) {
    StringBuilder text = new StringBuilder("# Weight updates: what the logs say\n\n");
    text.append("**").append(escape(analysis.verdict())).append("**\n\n");
    text.append(escape(Tables.inputs(analysis))).append(".\n");
    text.append("\n## Findings\n");
    if (analysis.findings().isEmpty()) {
      text.append("\nNone.\n");
    }
    analysis.findings().forEach(finding -> finding(text, finding));
    section(text, "Metrics", Tables.metrics(analysis));
    text.append("\nRanges for a model of ").append(analysis.ranges().model()).append(":\n\n");
    for (LogMetric metric : LogMetric.values()) {
      text.append("- ")
          .append(metric.label())
          .append(": ")
          .append(Figures.range(analysis.ranges().of(metric), metric.unit()))
          .append('\n');
    }
    section(text, "Slowest updates", Tables.slowest(analysis));
    section(text, "Servers of the fleet", FleetTables.replicas(analysis));
    section(text, "Newest updates of the fleet", FleetTables.updates(analysis));
    section(text, "Time by role", Tables.times(analysis));
    section(text, "Load", Tables.correlations(analysis));
    if (!Tables.trend(analysis).isEmpty()) {
      text.append('\n').append(Tables.trend(analysis)).append(".\n");
    }
    text.append("\n## Notes\n\n");
    analysis.notes().forEach(note -> text.append("- ").append(escape(note)).append('\n'));
    text.append("- Staleness is judged by ").append(escape(analysis.asyncLevel())).append(".\n");
    return text.toString();
  }

  private static void finding(StringBuilder text, Finding finding) {
    text.append(
        String.format(
            Locale.ROOT,
            "%n### %s: %s, confidence %.2f%n%n%s%n%n",
            finding.signature().label(),
            finding.severity().label(),
            finding.confidence(),
            escape(TextReport.sentence(finding.what()))));
    finding.evidence().forEach(line -> text.append("- ").append(escape(line)).append('\n'));
    text.append("\nWhat to do: ").append(escape(finding.advice())).append('\n');
  }

  private static void section(StringBuilder text, String title, Table table) {
    if (!table.isEmpty()) {
      text.append("\n## ").append(title).append("\n\n").append(table.markdown());
    }
  }

  /** Escapes what Markdown would interpret in names and figures. */
  private static String escape(String text) {
    return text.replace("\\", "\\\\").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_");
  }
}
