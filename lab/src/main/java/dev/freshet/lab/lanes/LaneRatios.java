package dev.freshet.lab.lanes;

/** What medians of queue_ms are of each other; NaN where one of them was not measured. */
final class LaneRatios {
  private LaneRatios() {}

  /** A lane under load over the same lane idle. */
  static double loadedOverIdle(LaneFigures figures, LaneFigures.Run run, Lane lane) {
    return queueP50(run, lane)
        / figures.idle(lane).map(stretch -> stretch.queueMs().p50()).orElse(Double.NaN);
  }

  /** The shared lane under load over the dedicated one. */
  static double sharedOverDedicated(LaneFigures.Run run) {
    return queueP50(run, Lane.SHARED) / queueP50(run, Lane.DEDICATED);
  }

  private static double queueP50(LaneFigures.Run run, Lane lane) {
    return run.of(lane).map(stretch -> stretch.queueMs().p50()).orElse(Double.NaN);
  }
}
