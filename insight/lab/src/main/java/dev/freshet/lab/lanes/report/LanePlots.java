package dev.freshet.lab.lanes.report;

import dev.freshet.lab.lanes.Lane;
import dev.freshet.lab.lanes.LaneFigures;
import dev.freshet.plots.Plot;
import dev.freshet.plots.Tone;
import java.util.List;
import java.util.Locale;

/**
 * The plots of a benchmark of lanes.
 *
 * @param overStreams latency over the number of streams
 * @param distributions the distribution of latency, one per number of streams
 * @param timelines updates and tokens over time, one per number of streams and lane
 */
record LanePlots(Plot overStreams, List<Plot> distributions, List<Plot> timelines) {
  static LanePlots of(LaneFigures figures) {
    Latency latency = Latency.of(figures);
    return new LanePlots(
        OverStreamsPlot.of(figures, latency),
        figures.runs().stream().map(run -> DistributionPlot.of(figures, run, latency)).toList(),
        figures.runs().stream().flatMap(run -> TimelinePlot.of(run).stream()).toList());
  }

  /** The color of a lane in every plot. */
  static Tone tone(Lane lane) {
    return switch (lane) {
      case DEDICATED -> Tone.FIRST;
      case SHARED -> Tone.SECOND;
    };
  }

  /** A number of streams in words. */
  static String streams(int count) {
    return count == 0 ? "no streams" : String.format(Locale.ROOT, "%,d streams", count);
  }
}
