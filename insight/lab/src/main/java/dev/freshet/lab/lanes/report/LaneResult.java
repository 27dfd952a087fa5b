package dev.freshet.lab.lanes.report;

import dev.freshet.lab.lanes.Lane;
import dev.freshet.lab.lanes.LaneFigures;
import dev.freshet.lab.lanes.LaneStretch;
import dev.freshet.plots.Numbers;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** The result of a benchmark of lanes in one sentence, for the largest number of streams. */
final class LaneResult {
  private LaneResult() {}

  static String of(LaneFigures figures) {
    Latency latency = Latency.of(figures);
    LaneFigures.Run run =
        figures.runs().stream()
            .max(Comparator.comparingInt(LaneFigures.Run::streams))
            .orElseThrow();
    String streams = LanePlots.streams(run.streams());
    double shared = p50(run.of(Lane.SHARED), latency);
    double dedicated = p50(run.of(Lane.DEDICATED), latency);
    if (Double.isFinite(shared / dedicated)) {
      return "An update %s %s times as long in the streams' pool: %s p50 %s ms shared, %s ms dedicated, with %s."
          .formatted(
              verb(latency),
              times(shared / dedicated),
              latency.label(),
              Numbers.rounded(shared),
              Numbers.rounded(dedicated),
              streams);
    }
    for (Lane lane : figures.plan().lanes()) {
      double loaded = p50(run.of(lane), latency);
      double idle = p50(figures.idle(lane), latency);
      if (Double.isFinite(loaded / idle)) {
        return "On the %s lane an update %s %s times as long with %s as idle: %s p50 %s ms, idle %s ms."
            .formatted(
                lane.label(),
                verb(latency),
                times(loaded / idle),
                streams,
                latency.label(),
                Numbers.rounded(loaded),
                Numbers.rounded(idle));
      }
    }
    return "No update succeeded with " + streams + ".";
  }

  private static double p50(Optional<LaneStretch> stretch, Latency latency) {
    return stretch.map(s -> latency.distribution(s).p50()).orElse(Double.NaN);
  }

  private static String verb(Latency latency) {
    return switch (latency) {
      case QUEUE -> "waits";
      case WALL -> "takes";
    };
  }

  private static String times(double ratio) {
    return ratio >= 100 ? String.format(Locale.ROOT, "%,.0f", ratio) : Numbers.rounded(ratio);
  }
}
