package dev.freshet.lab.analyze.report;

import dev.freshet.lab.analyze.Analysis;
import dev.freshet.lab.analyze.Finding;
import dev.freshet.lab.analyze.Metric;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/** An analysis as one page that needs nothing else: no script, no font, no other file. */
public final class HtmlReport {
  private static final String STYLE =
      """
      :root { color-scheme: light dark; --bg: #fff; --fg: #1c2330; --soft: #66708a; --line: #d9deea;
        --a: #2563eb; --b: #d97706; --bad: #c62828; --ok: #2e7d32; --warn: #b26a00 }
      @media (prefers-color-scheme: dark) { :root { --bg: #12161f; --fg: #e4e8f2; --soft: #97a1ba;
        --line: #2c3447; --a: #7aa5ff; --b: #f4b25c; --bad: #ff8a80; --ok: #81c784; --warn: #ffca6b } }
      body { background: var(--bg); color: var(--fg); font: 15px/1.5 system-ui, sans-serif;
        max-width: 64rem; margin: 2rem auto; padding: 0 1rem }
      h1 { font-size: 1.3rem } h2 { font-size: 1.1rem; margin-top: 2rem }
      .verdict { font-size: 1.15rem; border-left: .3rem solid var(--ok); padding: .4rem 1rem }
      .verdict.warning { border-color: var(--warn) } .verdict.critical { border-color: var(--bad) }
      .finding { border: 1px solid var(--line); border-radius: .4rem; padding: .2rem 1rem; margin: 1rem 0 }
      .critical b { color: var(--bad) } .warning b { color: var(--warn) } .good b { color: var(--ok) }
      .scroll { overflow-x: auto }
      table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .85rem }
      th, td { text-align: right; padding: .2rem .5rem; border-bottom: 1px solid var(--line) }
      th:first-child, td:first-child { text-align: left } th { color: var(--soft); font-weight: 600 }
      figure { margin: 1rem 0 } figcaption { font-size: .9rem; color: var(--soft) }
      svg { width: 100%; height: auto } svg text { font-size: 11px; fill: var(--soft) }
      .grid { stroke: var(--line) } .bound { stroke: var(--bad); stroke-dasharray: 4 3 }
      .a { fill: var(--a); color: var(--a) } .b { fill: var(--b); color: var(--b) }
      """;

  private HtmlReport() {}

  /** The page. */
  public static String of(Analysis analysis) {
    StringBuilder page = new StringBuilder();
    page.append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n")
        .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        .append("<title>Weight updates</title>\n<style>\n")
        .append(STYLE)
        .append("</style></head><body>\n<h1>Weight updates: what the logs say</h1>\n");
    page.append(
        "<p class=\"verdict %s\">%s</p>\n"
            .formatted(analysis.severity().label(), Html.escape(analysis.verdict())));
    page.append("<p>").append(Html.escape(Tables.inputs(analysis))).append("</p>\n");
    analysis.findings().forEach(finding -> page.append(finding(finding)));
    section(page, "Metrics", Tables.metrics(analysis));
    charts(page, analysis);
    section(page, "Slowest updates", Tables.slowest(analysis));
    section(page, "Load", Tables.correlations(analysis));
    page.append("<p>").append(Html.escape(Tables.trend(analysis))).append("</p>\n");
    page.append("<h2>Notes</h2>\n").append(Html.list(analysis.notes()));
    page.append(
        "<p>Judged for a model of %s; %s.</p>\n"
            .formatted(Html.escape(analysis.ranges().model()), Html.escape(analysis.asyncLevel())));
    return page.append("</body></html>\n").toString();
  }

  private static String finding(Finding finding) {
    return String.format(
        Locale.ROOT,
        "<div class=\"finding %s\"><p><b>%s</b> %s, confidence %.2f: %s</p>%s<p>What to do: %s</p></div>\n",
        finding.severity().label(),
        finding.signature().label(),
        finding.severity().label(),
        finding.confidence(),
        Html.escape(TextReport.sentence(finding.what())),
        Html.list(finding.evidence()),
        Html.escape(finding.advice()));
  }

  private static void section(StringBuilder page, String title, Table table) {
    if (!table.isEmpty()) {
      page.append("<h2>")
          .append(title)
          .append("</h2>\n<div class=\"scroll\">\n")
          .append(Html.table(table))
          .append("</div>\n");
    }
  }

  private static void charts(StringBuilder page, Analysis analysis) {
    boolean timed =
        Stream.concat(
                analysis.updates().stream().map(Analysis.Update::millis),
                analysis.moments().stream().map(Analysis.Moment::millis))
            .noneMatch(millis -> Double.isNaN(millis));
    double begin =
        Stream.concat(
                analysis.updates().stream().map(Analysis.Update::millis),
                analysis.moments().stream().map(Analysis.Moment::millis))
            .mapToDouble(Double::doubleValue)
            .min()
            .orElse(0);
    String axis = timed ? "seconds from the first event" : "events";
    ToDoubleFunction<Analysis.Update> at =
        update -> timed ? (update.millis() - begin) / 1000 : update.order();
    List<SvgChart> charts =
        Stream.concat(
                updates(analysis, at, axis),
                Stream.of(
                        Metric.BATCH,
                        Metric.WRITE,
                        Metric.WAIT,
                        Metric.TRUNCATION,
                        Metric.STALENESS)
                    .map(metric -> moments(analysis, metric, timed, begin, axis)))
            .filter(chart -> !chart.isEmpty())
            .toList();
    if (!charts.isEmpty()) {
      page.append("<h2>Timeline</h2>\n");
      charts.forEach(chart -> page.append(chart.svg()));
    }
  }

  private static Stream<SvgChart> updates(
      Analysis analysis, ToDoubleFunction<Analysis.Update> at, String axis) {
    List<Analysis.Update> updates = analysis.updates();
    double[] x = updates.stream().mapToDouble(at).toArray();
    double[] queue = updates.stream().mapToDouble(Analysis.Update::queueMs).toArray();
    double[] rpc = updates.stream().mapToDouble(Analysis.Update::rpcMs).toArray();
    double[] inflight = updates.stream().mapToDouble(Analysis.Update::inflight).toArray();
    return Stream.of(
        new SvgChart(
            "Updates, ms",
            axis,
            List.of(
                new SvgChart.Line("queue_ms", "a", x, queue),
                new SvgChart.Line("rpc_ms", "b", x, rpc)),
            Double.NaN),
        new SvgChart(
            "queue_ms over completions in flight",
            "completions in flight",
            List.of(new SvgChart.Line("queue_ms", "a", inflight, queue)),
            analysis.ranges().queue().good()));
  }

  private static SvgChart moments(
      Analysis analysis, Metric metric, boolean timed, double begin, String axis) {
    List<Analysis.Moment> moments =
        analysis.moments().stream().filter(moment -> moment.metric() == metric).toList();
    double[] x =
        moments.stream()
            .mapToDouble(m -> timed ? (m.millis() - begin) / 1000 : m.order())
            .toArray();
    double[] y = moments.stream().mapToDouble(Analysis.Moment::value).toArray();
    return new SvgChart(
        "%s, %s".formatted(metric.label(), metric.unit()),
        axis,
        List.of(new SvgChart.Line(metric.label(), "a", x, y)),
        analysis.ranges().of(metric).good());
  }
}
