package dev.freshet.analysis.report;

import dev.freshet.analysis.Analysis;
import dev.freshet.analysis.Finding;
import dev.freshet.plots.Html;
import dev.freshet.plots.Page;
import java.util.Locale;

/** An analysis as one self-contained page. */
public final class HtmlReport {
  private HtmlReport() {}

  /** The page. */
  public static String of(Analysis analysis) {
    StringBuilder body = new StringBuilder();
    body.append(Page.verdict(analysis.severity().label(), analysis.verdict()))
        .append(Html.paragraph(Tables.inputs(analysis)));
    analysis.findings().forEach(finding -> body.append(finding(finding)));
    body.append(Html.section("Metrics", Html.table(Tables.metrics(analysis))))
        .append(Html.section("Timeline", Html.plots(AnalysisPlots.of(analysis))))
        .append(Html.section("Slowest updates", Html.table(Tables.slowest(analysis))))
        .append(Html.section("Servers of the fleet", Html.table(FleetTables.replicas(analysis))))
        .append(
            Html.section("Newest updates of the fleet", Html.table(FleetTables.updates(analysis))))
        .append(Html.section("Time by role", Html.table(Tables.times(analysis))))
        .append(Html.section("Load", Html.table(Tables.correlations(analysis))))
        .append(Html.paragraph(Tables.trend(analysis)))
        .append(Html.section("Notes", Html.list(analysis.notes())))
        .append(
            Html.paragraph(
                "Judged for a model of %s; %s."
                    .formatted(analysis.ranges().model(), analysis.asyncLevel())));
    return Page.of("Weight updates: what the logs say", body.toString());
  }

  private static String finding(Finding finding) {
    return String.format(
        Locale.ROOT,
        "<div class=\"finding %s\"><p><b>%s</b> %s, confidence %.2f: %s</p>%s%s</div>\n",
        finding.severity().label(),
        finding.signature().label(),
        finding.severity().label(),
        finding.confidence(),
        Html.escape(TextReport.sentence(finding.what())),
        Html.list(finding.evidence()),
        Html.paragraph("What to do: " + finding.advice()));
  }
}
