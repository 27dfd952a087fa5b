package dev.freshet.analysis.report;

import dev.freshet.analysis.Analysis;
import dev.freshet.analysis.Finding;
import dev.freshet.plots.Table;
import java.util.Locale;

/** An analysis for a terminal: the verdict, the findings, then the figures. */
public final class TextReport {
  private TextReport() {}

  /** The report; ends with a line end. */
  public static String of(Analysis analysis) {
    StringBuilder text = new StringBuilder();
    text.append(analysis.verdict()).append("\n\n");
    text.append(Tables.inputs(analysis)).append('\n');
    for (Finding finding : analysis.findings()) {
      text.append('\n').append(head(finding)).append('\n');
      text.append("  ").append(sentence(finding.what())).append('\n');
      finding.evidence().forEach(line -> text.append("  - ").append(line).append('\n'));
      text.append("  → ").append(finding.advice()).append('\n');
    }
    section(text, "", Tables.metrics(analysis));
    section(text, "slowest updates, ms", Tables.slowest(analysis));
    section(text, "servers of the fleet, medians in ms", FleetTables.replicas(analysis));
    section(text, "newest updates of the fleet, ms", FleetTables.updates(analysis));
    section(text, "time by role, share of the wall time", Tables.times(analysis));
    section(text, "", Tables.correlations(analysis));
    if (!Tables.trend(analysis).isEmpty()) {
      text.append("\n  ").append(Tables.trend(analysis)).append('\n');
    }
    text.append('\n');
    analysis.notes().forEach(note -> text.append("note: ").append(note).append('\n'));
    text.append("note: judged for a model of ")
        .append(analysis.ranges().model())
        .append("; ")
        .append(analysis.asyncLevel())
        .append(".\n");
    return text.toString();
  }

  static String head(Finding finding) {
    return String.format(
        Locale.ROOT,
        "%s  %s  confidence %.2f",
        finding.signature().label(),
        finding.severity().label(),
        finding.confidence());
  }

  /** A clause as a sentence; the name of a metric is not capitalized. */
  static String sentence(String clause) {
    if (clause.split(" ", 2)[0].contains("_")) {
      return clause + ".";
    }
    return clause.substring(0, 1).toUpperCase(Locale.ROOT) + clause.substring(1) + ".";
  }

  private static void section(StringBuilder text, String title, Table table) {
    if (!table.isEmpty()) {
      text.append('\n').append(title.isEmpty() ? "" : title + "\n").append(table.text());
    }
  }
}
