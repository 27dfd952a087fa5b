package dev.freshet.analysis.report;

import dev.freshet.analysis.Analysis;
import dev.freshet.analysis.LogMetric;
import dev.freshet.plots.Axis;
import dev.freshet.plots.Plot;
import dev.freshet.plots.Series;
import dev.freshet.plots.Tone;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * The plots of an analysis: updates and the other events, over seconds from the first event, or
 * over the order of events if some have no time.
 */
final class AnalysisPlots {
  private static final List<LogMetric> AROUND =
      List.of(
          LogMetric.BATCH,
          LogMetric.WRITE,
          LogMetric.WAIT,
          LogMetric.TRUNCATION,
          LogMetric.STALENESS);

  private final Analysis analysis;
  private final boolean timed;
  private final double begin;
  private final Axis when;

  private AnalysisPlots(Analysis analysis) {
    this.analysis = analysis;
    this.timed = millis(analysis).noneMatch(Double::isNaN);
    this.begin = millis(analysis).min().orElse(0);
    this.when =
        timed
            ? new Axis.Linear(
                "seconds from the first event",
                0,
                (millis(analysis).max().orElse(0) - begin) / 1000)
            : axis("events");
  }

  private static DoubleStream millis(Analysis analysis) {
    return DoubleStream.concat(
        analysis.updates().stream().mapToDouble(Analysis.Update::millis),
        analysis.moments().stream().mapToDouble(Analysis.Moment::millis));
  }

  /** The plots that have a point. */
  static List<Plot> of(Analysis analysis) {
    AnalysisPlots plots = new AnalysisPlots(analysis);
    return Stream.concat(
            Stream.of(plots.updates(), plots.overInflight()), AROUND.stream().map(plots::moments))
        .filter(plot -> !plot.isEmpty())
        .toList();
  }

  private Plot updates() {
    double[] x =
        updates(update -> timed ? (update.millis() - begin) / 1000 : (double) update.order());
    return Plot.of(
        "Updates",
        "queue_ms and rpc_ms of every update.",
        when,
        axis("ms"),
        List.of(
            points("queue_ms", Tone.FIRST, x, updates(Analysis.Update::queueMs)),
            points("rpc_ms", Tone.SECOND, x, updates(Analysis.Update::rpcMs))));
  }

  private Plot overInflight() {
    return Plot.of(
            "queue_ms over completions in flight",
            "queue_ms of every update over the completions that were in flight.",
            axis("completions in flight"),
            axis("ms"),
            List.of(
                points(
                    "",
                    Tone.FIRST,
                    updates(Analysis.Update::inflight),
                    updates(Analysis.Update::queueMs))))
        .marks(good(LogMetric.QUEUE));
  }

  private Plot moments(LogMetric metric) {
    List<Analysis.Moment> moments =
        analysis.moments().stream().filter(moment -> moment.metric() == metric).toList();
    double[] x =
        moments.stream()
            .mapToDouble(m -> timed ? (m.millis() - begin) / 1000 : (double) m.order())
            .toArray();
    double[] y = moments.stream().mapToDouble(Analysis.Moment::value).toArray();
    return Plot.of(
            metric.label(),
            "%s as logged.".formatted(metric.label()),
            when,
            axis(metric.unit()),
            List.of(points("", Tone.FIRST, x, y)))
        .marks(good(metric));
  }

  private double[] updates(ToDoubleFunction<Analysis.Update> figure) {
    return analysis.updates().stream().mapToDouble(figure).toArray();
  }

  /** A mark at the good bound. */
  private List<Plot.Mark> good(LogMetric metric) {
    return List.of(new Plot.Mark(analysis.ranges().of(metric).good(), "good up to here"));
  }

  private static Axis axis(String title) {
    return new Axis.Linear(title, 0, 0);
  }

  private static Series points(String name, Tone tone, double[] x, double[] y) {
    return new Series(name, tone, Series.Stroke.POINTS, x, y);
  }
}
