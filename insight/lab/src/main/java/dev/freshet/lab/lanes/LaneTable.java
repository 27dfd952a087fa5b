package dev.freshet.lab.lanes;

import dev.freshet.analysis.Distribution;
import dev.freshet.lab.load.LoadShape;
import dev.freshet.plots.Table;
import dev.freshet.trace.UpdatePart;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The figures of lanes as text. There is no line separator after the last line. */
public final class LaneTable {
  private static final String HEAD =
      "%-10s %7s  %-8s %9s %9s %9s %9s %9s %9s %9s"
          .formatted("lane", "streams", "ms", "min", "mean", "p50", "p95", "p99", "max", "stddev");

  private LaneTable() {}

  /** What is measured, and the head of the table whose lines are {@link #lines}. */
  public static String head(String target, LaneBench plan) {
    return "%s, %s%n".formatted(target, words(plan)) + HEAD;
  }

  /** The benchmark, in words. */
  public static String words(LaneBench plan) {
    LoadShape load = plan.load();
    String arrival =
        load.arrivalPerS().isPresent()
            ? "open loop, %s arrivals a second".formatted(load.arrivalPerS().getAsDouble())
            : "closed loop";
    return "completions of %s tokens, %s, %d updates, one due every %d ms"
        .formatted(load.tokens(), arrival, plan.updates(), plan.every().toMillis());
  }

  /** What is replayed, the head of the table, and the lines of the recorded figures. */
  public static String head(String target, LaneReplay replay) {
    Recording recording = replay.recording();
    return "%s, %s%n".formatted(target, words(replay))
        + HEAD
        + System.lineSeparator()
        + lines("recorded", Integer.toString(recording.maxStreams()), recording.figures());
  }

  /** The replay, in words. */
  public static String words(LaneReplay replay) {
    Recording recording = replay.recording();
    return "%.1f s of a recorded run for each lane: %d updates, up to %d completions of %s tokens%s"
        .formatted(
            recording.length().toMillis() / 1000.0,
            recording.updates().size(),
            recording.maxStreams(),
            replay.load().tokens(),
            recording.servers() == 1
                ? ""
                : ", those of one of %d servers".formatted(recording.servers()));
  }

  /** The lines of one stretch: one per figure, and one for its streams. */
  public static String lines(LaneStretch stretch) {
    return lines(
            stretch.lane().label(),
            stretch.loaded() ? Integer.toString(stretch.streams()) : "idle",
            stretch.figures())
        + streams(stretch);
  }

  private static String lines(String lane, String load, Map<UpdatePart, Distribution> figures) {
    String firsts = format("%-10s %7s", lane, load);
    return figures.entrySet().stream()
        .filter(figure -> figure.getValue().count() > 0)
        .map(figure -> line(figure.getKey().wireName(), figure.getValue()))
        .collect(
            Collectors.joining(System.lineSeparator() + " ".repeat(firsts.length()), firsts, ""));
  }

  private static String line(String figure, Distribution d) {
    return format(
        "  %-8s %9.2f %9.2f %9.2f %9.2f %9.2f %9.2f %9.2f",
        figure, d.min(), d.mean(), d.p50(), d.p95(), d.p99(), d.max(), d.stddev());
  }

  private static String streams(LaneStretch stretch) {
    StreamFigures streams = stretch.streamFigures();
    StringBuilder line = new StringBuilder();
    if (stretch.streams() > 0) {
      line.append(
          format(
              "%n%-10s %7s  tokens/s %,9.0f before, %,.0f during, %,.0f after an update; %.0f streams"
                  + " open",
              "", "", streams.before(), streams.during(), streams.after(), streams.open()));
    }
    if (stretch.errors() > 0) {
      line.append(
          "%n%-10s %7s  errors   %,9d; the first: %s"
              .formatted("", "", stretch.errors(), stretch.firstError().orElse("unknown")));
    }
    return line.toString();
  }

  /** The comparison of both lanes, with a final line separator; empty if only one was measured. */
  public static String comparison(LaneFigures figures) {
    Table table = LaneComparison.of(figures);
    return table.isEmpty() ? "" : table.text();
  }

  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
