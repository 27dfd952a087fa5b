package dev.freshet.lab.lanes.report;

import dev.freshet.analysis.Distribution;
import dev.freshet.lab.lanes.Lane;
import dev.freshet.lab.lanes.LaneFigures;
import dev.freshet.lab.lanes.LaneStretch;
import dev.freshet.plots.Axis;
import dev.freshet.plots.Plot;
import dev.freshet.plots.Series;
import dev.freshet.plots.Tone;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Latency over the number of streams, by lane, starting with the idle server: a line for the
 * median, a broad bar from it to p99 and a thin bar from minimum to maximum.
 */
final class OverStreamsPlot {
  /** Offset between the lanes at one number of streams, as a share of the axis. */
  private static final double LANE_OFFSET = 0.025;

  private OverStreamsPlot() {}

  static Plot of(LaneFigures figures, Latency latency) {
    List<String> loads =
        Stream.concat(
                figures.idle().stream().limit(1).map(_ -> "idle"),
                figures.runs().stream()
                    .map(run -> String.format(Locale.ROOT, "%,d", run.streams())))
            .toList();
    List<Series> bars = new ArrayList<>();
    List<Series> medians = new ArrayList<>();
    List<Lane> lanes = figures.plan().lanes();
    for (int i = 0; i < lanes.size(); i++) {
      add(
          bars,
          medians,
          figures,
          lanes.get(i),
          latency,
          (i - (lanes.size() - 1) / 2.0) * LANE_OFFSET * loads.size());
    }
    return Plot.of(
        "%s over streams".formatted(latency.label()),
        "The median, p99, minimum and maximum of %s by lane, idle and for each number of streams."
            .formatted(latency.label()),
        new Axis.Named("streams (dot: p50, broad bar: to p99, thin bar: min to max)", loads),
        new Axis.Logarithmic(latency.label()),
        Stream.concat(bars.stream(), medians.stream()).toList());
  }

  private static void add(
      List<Series> bars,
      List<Series> medians,
      LaneFigures figures,
      Lane lane,
      Latency latency,
      double shift) {
    List<Optional<LaneStretch>> stretches =
        Stream.concat(
                figures.idle().stream().limit(1).map(_ -> figures.idle(lane)),
                figures.runs().stream().map(run -> run.of(lane)))
            .toList();
    double[] x = new double[stretches.size()];
    double[] p50 = new double[stretches.size()];
    Bars all = new Bars(stretches.size());
    Bars tail = new Bars(stretches.size());
    for (int i = 0; i < x.length; i++) {
      x[i] = i + shift;
      Distribution figure =
          stretches.get(i).map(latency::distribution).orElse(Distribution.of(List.of()));
      p50[i] = figure.p50();
      all.put(i, x[i], figure.min(), figure.max());
      tail.put(i, x[i], figure.p50(), figure.p99());
    }
    Tone tone = LanePlots.tone(lane);
    bars.add(all.series("", tone, Series.Stroke.HAIR));
    bars.add(tail.series("", tone, Series.Stroke.BAND));
    medians.add(new Series(lane.label(), tone, Series.Stroke.LINE, x, p50));
    medians.add(new Series("", tone, Series.Stroke.POINTS, x, p50));
  }

  /** Vertical bars, as a line that is interrupted between two bars. */
  private record Bars(double[] x, double[] y) {
    Bars(int count) {
      this(new double[3 * count], new double[3 * count]);
    }

    void put(int i, double at, double from, double to) {
      x[3 * i] = at;
      x[3 * i + 1] = at;
      x[3 * i + 2] = at;
      y[3 * i] = from;
      y[3 * i + 1] = to;
      y[3 * i + 2] = Double.NaN;
    }

    Series series(String name, Tone tone, Series.Stroke stroke) {
      return new Series(name, tone, stroke, x, y);
    }
  }
}
