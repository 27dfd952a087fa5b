package dev.freshet.lab.lanes.report;

import dev.freshet.lab.lanes.Lane;
import dev.freshet.lab.lanes.LaneFigures;
import dev.freshet.lab.lanes.LaneStretch;
import dev.freshet.plots.Axis;
import dev.freshet.plots.Plot;
import dev.freshet.plots.Series;
import java.util.ArrayList;
import java.util.List;

/** The cumulative distribution of latency for one number of streams and idle, by lane. */
final class DistributionPlot {
  private DistributionPlot() {}

  static Plot of(LaneFigures figures, LaneFigures.Run run, Latency latency) {
    List<Series> series = new ArrayList<>();
    for (Lane lane : figures.plan().lanes()) {
      run.of(lane)
          .ifPresent(
              loaded -> series.add(cumulative(lane.label(), Series.Stroke.LINE, loaded, latency)));
    }
    for (Lane lane : figures.plan().lanes()) {
      figures
          .idle(lane)
          .ifPresent(
              idle ->
                  series.add(
                      cumulative(lane.label() + ", idle", Series.Stroke.DASHES, idle, latency)));
    }
    return Plot.of(
            "%s, %s".formatted(latency.label(), LanePlots.streams(run.streams())),
            "The share of updates up to each latency, by lane, with %s and idle."
                .formatted(LanePlots.streams(run.streams())),
            new Axis.Logarithmic(latency.label()),
            new Axis.Linear("% of updates", 0, 100),
            series)
        .marks(List.of(new Plot.Mark(50, "p50")));
  }

  private static Series cumulative(
      String name, Series.Stroke stroke, LaneStretch stretch, Latency latency) {
    double[] sorted =
        latency.values(stretch).stream().mapToDouble(Double::doubleValue).sorted().toArray();
    int count = sorted.length;
    if (count == 0) {
      return new Series(name, LanePlots.tone(stretch.lane()), stroke, sorted, sorted);
    }
    double[] x = new double[count + 1];
    double[] y = new double[count + 1];
    x[0] = sorted[0];
    for (int i = 0; i < count; i++) {
      x[i + 1] = sorted[i];
      y[i + 1] = 100.0 * (i + 1) / count;
    }
    return Series.steps(name, LanePlots.tone(stretch.lane()), stroke, x, y);
  }
}
