package dev.freshet.analysis.timeline;

import java.util.HashMap;
import java.util.Map;
import java.util.function.IntSupplier;

/** A role as a process of the trace: its tracks, by kind of slice, and its counters. */
final class RoleTracks {
  private static final int MOST_LANES = 1000;
  private static final long ROUNDING_NANOS = 100_000;

  private final TraceWriter out;
  private final int pid;
  private final IntSupplier tids;
  private final Map<String, Lanes> lanes = new HashMap<>();

  /**
   * @param tids supplies track ids that are unique in the trace
   */
  RoleTracks(TraceWriter out, int pid, String name, IntSupplier tids) {
    this.out = out;
    this.pid = pid;
    this.tids = tids;
    out.process(pid, name, pid);
  }

  /** Tracks for slices whose relative times are exact but for rounding. */
  Lanes exact(String name) {
    return lanes(name, ROUNDING_NANOS);
  }

  /** Tracks for consecutive slices that are placed by times of day. */
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

  /** Draws a value of a counter; an unknown one is left out. */
  void counter(String name, long at, double value) {
    if (Double.isFinite(value)) {
      out.counter(pid, name, at, value);
    }
  }
}
