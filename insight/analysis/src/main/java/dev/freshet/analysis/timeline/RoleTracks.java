package dev.freshet.analysis.timeline;

import java.util.HashMap;
import java.util.Map;
import java.util.function.IntSupplier;

/** A role as a process of the trace: its tracks, by what is drawn on them, and its counters. */
final class RoleTracks {
  private static final int MOST_LANES = 1000;
  private static final long ROUNDING_NANOS = 100_000;

  private final TraceWriter out;
  private final int pid;
  private final IntSupplier tids;
  private final Map<String, Lanes> lanes = new HashMap<>();

  /**
   * @param tids numbers that no track of the trace has yet
   */
  RoleTracks(TraceWriter out, int pid, String name, IntSupplier tids) {
    this.out = out;
    this.pid = pid;
    this.tids = tids;
    out.process(pid, name, pid);
  }

  /** Tracks for slices whose times are exact beside each other, but for a last decimal. */
  Lanes exact(String name) {
    return lanes(name, ROUNDING_NANOS);
  }

  /** Tracks for slices that follow one another, placed by the times of day in logs. */
  Lanes oneByOne(String name) {
    return lanes(name, Lanes.RESOLUTION_NANOS);
  }

  private Lanes lanes(String name, long slack) {
    int kind = lanes.size();
    return lanes.computeIfAbsent(name, _ -> new Lanes(lane -> open(name, kind, lane), slack));
  }

  private Track open(String name, int kind, int lane) {
    Track track = new Track(pid, tids.getAsInt());
    out.track(
        track,
        lane == 0 ? name : "%s (%d)".formatted(name, lane + 1),
        kind * MOST_LANES + Math.min(lane, MOST_LANES - 1));
    return track;
  }

  /** A figure of the role from then on; one that is not known is left out. */
  void counter(String name, long at, double value) {
    if (Double.isFinite(value)) {
      out.counter(pid, name, at, value);
    }
  }
}
