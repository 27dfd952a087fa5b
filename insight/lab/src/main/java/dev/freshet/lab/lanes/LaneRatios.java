package dev.freshet.lab.lanes;

/** Medians of queue_ms and their ratios; NaN if one was not measured. */
final class LaneRatios {
  private LaneRatios() {}

  /** A lane under load divided by the same lane idle. */
  static double loadedOverIdle(LaneFigures figures, LaneFigures.Run run, Lane lane) {
    return queueP50(run, lane) / idleP50(figures, lane);
  }

  /** The shared lane under load divided by the dedicated one. */
  static double sharedOverDedicated(LaneFigures.Run run) {
    return queueP50(run, Lane.SHARED) / queueP50(run, Lane.DEDICATED);
  }

  /** The median of an idle lane. */
  static double idleP50(LaneFigures figures, Lane lane) {
    return figures.idle(lane).map(stretch -> stretch.queueMs().p50()).orElse(Double.NaN);
  }

  /** The median of a lane under load. */
  static double queueP50(LaneFigures.Run run, Lane lane) {
    return run.of(lane).map(stretch -> stretch.queueMs().p50()).orElse(Double.NaN);
  }
}
