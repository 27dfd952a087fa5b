package dev.freshet.lab.lanes;

import java.util.List;
import java.util.Optional;

/**
 * The results of a benchmark of lanes.
 *
 * @param target the server's name in reports
 * @param plan the parameters of the benchmark
 * @param idle one stretch per lane, before any stream
 * @param runs one per number of streams, in the order measured
 */
public record LaneFigures(String target, LaneBench plan, List<LaneStretch> idle, List<Run> runs) {
  /**
   * The results under one number of streams.
   *
   * @param loaded one stretch per lane
   */
  public record Run(int streams, List<LaneStretch> loaded) {
    /** The stretch of that lane, if it was measured. */
    public Optional<LaneStretch> of(Lane lane) {
      return find(loaded, lane);
    }
  }

  /** The stretch of that lane without load, if it was measured. */
  public Optional<LaneStretch> idle(Lane lane) {
    return find(idle, lane);
  }

  private static Optional<LaneStretch> find(List<LaneStretch> stretches, Lane lane) {
    return stretches.stream().filter(stretch -> stretch.lane() == lane).findFirst();
  }

  /** The number of updates and streams that failed. */
  public long errors() {
    return idle.stream().mapToLong(LaneStretch::errors).sum()
        + runs.stream().flatMap(run -> run.loaded().stream()).mapToLong(LaneStretch::errors).sum();
  }
}
