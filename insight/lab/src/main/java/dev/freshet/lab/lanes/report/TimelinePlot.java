package dev.freshet.lab.lanes.report;

import dev.freshet.lab.lanes.LaneFigures;
import dev.freshet.lab.lanes.LaneStretch;
import dev.freshet.lab.lanes.UpdateSample;
import dev.freshet.lab.load.LoadTimeline;
import dev.freshet.plots.Axis;
import dev.freshet.plots.Numbers;
import dev.freshet.plots.Plot;
import dev.freshet.plots.Series;
import dev.freshet.plots.Span;
import dev.freshet.plots.Tone;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * The timeline of one stretch: every update from due to done, tokens a second and open streams.
 * Time counts from when the first update was due.
 *
 * @param stretch a stretch with streams
 * @param fromNanos the beginning
 * @param toNanos the end
 */
record TimelinePlot(LaneStretch stretch, long fromNanos, long toNanos) {
  private static final double SECOND = 1e9;
  private static final long LEAD = 2_000_000_000L;
  private static final int POINTS = 250;

  /** Shorter windows would show the engine's decode steps instead of a rate. */
  private static final long MIN_WINDOW = 200_000_000L;

  /** One plot per lane, all over the same axes; none without streams. */
  static List<Plot> of(LaneFigures.Run run) {
    List<TimelinePlot> timelines =
        run.loaded().stream()
            .filter(stretch -> !stretch.timeline().readings().isEmpty())
            .map(TimelinePlot::of)
            .toList();
    double seconds = timelines.stream().mapToDouble(t -> t.seconds(t.toNanos)).max().orElse(0);
    double tokens = timelines.stream().mapToDouble(TimelinePlot::maxTokensPerS).max().orElse(0);
    return timelines.stream().map(timeline -> timeline.plot(seconds, tokens)).toList();
  }

  private static TimelinePlot of(LaneStretch stretch) {
    List<LoadTimeline.Reading> readings = stretch.timeline().readings();
    return new TimelinePlot(
        stretch,
        Math.max(readings.getFirst().nanos(), stretch.updates().getFirst().dueNanos() - LEAD),
        readings.getLast().nanos());
  }

  private Plot plot(double seconds, double tokens) {
    return Plot.of(
            "%s, %s".formatted(stretch.lane().label(), LanePlots.streams(stretch.streams())),
            "Updates over the %s lane from due to done, tokens a second and open streams over time, with %s."
                .formatted(stretch.lane().label(), LanePlots.streams(stretch.streams())),
            new Axis.Linear("seconds", seconds(fromNanos), seconds),
            new Axis.Linear("tokens/s", 0, tokens),
            List.of(tokensPerS()))
        .right(new Axis.Linear("streams open", 0, stretch.streams()), List.of(open()))
        .spans(stretch.updates().stream().map(this::span).toList());
  }

  private double seconds(long nanos) {
    return (nanos - stretch.updates().getFirst().dueNanos()) / SECOND;
  }

  private long window() {
    return Math.max(MIN_WINDOW, (toNanos - fromNanos) / POINTS);
  }

  private Series tokensPerS() {
    long window = window();
    int count = (int) ((toNanos - fromNanos) / window);
    double[] x = new double[count];
    double[] y = new double[count];
    for (int i = 0; i < count; i++) {
      long from = fromNanos + i * window;
      x[i] = seconds(from + window / 2);
      y[i] = stretch.timeline().tokensPerS(from, from + window);
    }
    return new Series("tokens/s", Tone.TEXT, Series.Stroke.LINE, x, y);
  }

  private double maxTokensPerS() {
    return Arrays.stream(tokensPerS().y()).filter(Double::isFinite).max().orElse(0);
  }

  /** The open streams where their number changes, and at the end. */
  private Series open() {
    List<LoadTimeline.Reading> readings =
        stretch.timeline().readings().stream().filter(r -> r.nanos() >= fromNanos).toList();
    List<LoadTimeline.Reading> changes =
        IntStream.range(0, readings.size())
            .filter(
                i ->
                    i == 0
                        || i == readings.size() - 1
                        || readings.get(i).streaming() != readings.get(i - 1).streaming())
            .mapToObj(readings::get)
            .toList();
    return Series.steps(
        "streams open",
        Tone.SOFT,
        Series.Stroke.HAIR,
        changes.stream().mapToDouble(r -> seconds(r.nanos())).toArray(),
        changes.stream().mapToDouble(LoadTimeline.Reading::streaming).toArray());
  }

  private Span span(UpdateSample update) {
    double due = seconds(update.dueNanos());
    String when =
        String.format(Locale.ROOT, "due at %.2f s, %s ms", due, Numbers.rounded(update.wallMs()));
    return new Span(
        update.error().isPresent() ? "update that failed" : "update, from due to done",
        update.error().isPresent() ? Tone.BAD : LanePlots.tone(stretch.lane()),
        due,
        seconds(update.doneNanos()),
        update.error().map(error -> when + ", failed: " + error).orElse(when));
  }
}
