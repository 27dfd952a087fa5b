package dev.freshet.lab.lanes;

import java.util.List;
import java.util.Optional;

/**
 * Everything that a benchmark of lanes has measured.
 *
 * @param target what the server is called
 * @param plan what was asked for
 * @param idle a stretch a lane, before any stream
 * @param runs one for each number of streams, in the order measured
 */
public record LaneFigures(String target, LaneBench plan, List<LaneStretch> idle, List<Run> runs) {
  /**
   * One number of streams.
   *
   * @param loaded a stretch a lane
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

  /** What failed in all. */
  public long errors() {
    return idle.stream().mapToLong(LaneStretch::errors).sum()
        + runs.stream().flatMap(run -> run.loaded().stream()).mapToLong(LaneStretch::errors).sum();
  }
}
