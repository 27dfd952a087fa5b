package dev.freshet.lab.lanes.report;

import dev.freshet.analysis.Distribution;
import dev.freshet.lab.ReportFile;
import dev.freshet.lab.lanes.LaneComparison;
import dev.freshet.lab.lanes.LaneFigures;
import dev.freshet.lab.lanes.LaneStretch;
import dev.freshet.lab.lanes.StreamFigures;
import dev.freshet.lab.load.LoadShape;
import dev.freshet.plots.Html;
import dev.freshet.plots.Numbers;
import dev.freshet.plots.Page;
import dev.freshet.plots.Table;
import dev.freshet.trace.UpdatePart;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** The report of a benchmark of lanes, as one self-contained page. */
public final class LaneHtml {
  private static final List<String> NOTES =
      List.of(
          "dedicated: an update is a call on a fresh connection of its own. shared: the same call first"
              + " waits for its turn in the connection pool that the streams hold.",
          "rpc_ms is the server's own work; queue_ms is the rest, mostly the wait for a connection;"
              + " wall_ms is both; stall_ms is how long decoding was held.",
          "An update counts from when it was due, not from when it was sent, and a late update does not"
              + " shift those after it. This avoids coordinated omission.",
          "tokens/s are events that clients received. A server that falls behind sends several tokens"
              + " in one event, which counts once. Before is the second before an update was due, during"
              + " is until it ended (a second at least), after is the second after that.",
          "In a timeline tokens/s are means of a fifth of a second or more, and a bar is an update from"
              + " due to done; updates that overlap are drawn below one another.");
  private static final String WALL_NOTE =
      "This server does not report rpc_ms, so the lanes are compared by wall_ms.";

  private LaneHtml() {}

  /**
   * Writes the page.
   *
   * @param words the benchmark, in words
   */
  public static void write(LaneFigures figures, String words, Path file) {
    ReportFile.write(file, of(figures, words));
  }

  static String of(LaneFigures figures, String words) {
    LanePlots plots = LanePlots.of(figures);
    String body =
        Page.verdict(figures.errors() == 0 ? "" : "warning", LaneResult.of(figures))
            + Html.paragraph(plan(words, figures.plan().load()))
            + Html.paragraph(Latency.of(figures) == Latency.WALL ? WALL_NOTE : "")
            + Html.sideBySide(
                Html.plot(plots.overStreams()), Html.table(LaneComparison.of(figures)))
            + Html.section("Distribution of latency", Html.plots(plots.distributions()))
            + Html.section("Updates and streams over time", Html.plots(plots.timelines()))
            + Html.section("Errors", Html.list(errors(figures)))
            + Html.section("All figures, ms", Html.table(figures(figures)))
            + Html.section("Streams", Html.table(streams(figures)))
            + Html.section("Definitions", Html.list(NOTES));
    return Page.of(title(figures), body);
  }

  /** The title of the report. */
  static String title(LaneFigures figures) {
    return "Weight updates under streams: " + figures.target();
  }

  private static String plan(String benchmark, LoadShape load) {
    StringBuilder words = new StringBuilder(benchmark);
    words.append(", tokens of a prompt: %s".formatted(load.promptTokens()));
    if (load.thinkMs().max() > 0) {
      words.append(", %s ms between completions".formatted(load.thinkMs()));
    }
    if (load.slowReaders() > 0) {
      words.append(", %s of the streams with a slow reader".formatted(load.slowReaders()));
    }
    load.pool().ifPresent(size -> words.append(", a pool of %,d connections".formatted(size)));
    words.append(", seed %d.".formatted(load.seed()));
    return words.substring(0, 1).toUpperCase(Locale.ROOT) + words.substring(1);
  }

  private static List<LaneStretch> stretches(LaneFigures figures) {
    return Stream.concat(
            figures.idle().stream(), figures.runs().stream().flatMap(run -> run.loaded().stream()))
        .toList();
  }

  private static String name(LaneStretch stretch) {
    return "%s, %s"
        .formatted(
            stretch.lane().label(),
            stretch.loaded() ? LanePlots.streams(stretch.streams()) : "idle");
  }

  private static List<String> errors(LaneFigures figures) {
    return stretches(figures).stream()
        .filter(stretch -> stretch.errors() > 0)
        .map(
            stretch ->
                "%s: %,d failed; the first: %s"
                    .formatted(
                        name(stretch), stretch.errors(), stretch.firstError().orElse("unknown")))
        .toList();
  }

  private static Table figures(LaneFigures figures) {
    Table table =
        new Table(
            List.of(
                "lane, streams",
                "figure",
                "n",
                "min",
                "mean",
                "p50",
                "p95",
                "p99",
                "max",
                "stddev"));
    for (LaneStretch stretch : stretches(figures)) {
      for (Map.Entry<UpdatePart, Distribution> figure : stretch.figures().entrySet()) {
        Distribution d = figure.getValue();
        if (d.count() > 0) {
          Stream<String> values =
              Stream.of(d.min(), d.mean(), d.p50(), d.p95(), d.p99(), d.max(), d.stddev())
                  .map(value -> String.format(Locale.ROOT, "%,.2f", value));
          table.row(
              name(stretch),
              Stream.concat(
                      Stream.of(figure.getKey().wireName(), Integer.toString(d.count())), values)
                  .toList());
        }
      }
    }
    return table;
  }

  private static Table streams(LaneFigures figures) {
    Table table =
        new Table(
            List.of(
                "lane, streams",
                "open, mean",
                "tokens/s before",
                "during",
                "after an update",
                "failed"));
    for (LaneStretch stretch : stretches(figures)) {
      if (stretch.streams() > 0) {
        StreamFigures streams = stretch.streamFigures();
        table.row(
            name(stretch),
            List.of(
                Numbers.rounded(streams.open()),
                Numbers.rounded(streams.before()),
                Numbers.rounded(streams.during()),
                Numbers.rounded(streams.after()),
                String.format(Locale.ROOT, "%,d", streams.errors())));
      }
    }
    return table;
  }
}
