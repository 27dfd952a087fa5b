package dev.freshet.analysis.timeline;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * The tracks of one kind of slice. A slice that overlaps one on every track gets a new track, so
 * slices of a track never overlap.
 */
final class Lanes {
  /** Times of day have milliseconds, so slices that overlap by less may be consecutive. */
  static final long RESOLUTION_NANOS = 2_000_000;

  /** The place of a slice. */
  record Placed(Track track, long start, long end) {
    long duration() {
      return end - start;
    }
  }

  private final IntFunction<Track> open;
  private final long slack;
  private final List<Track> tracks = new ArrayList<>();
  private final List<Long> ends = new ArrayList<>();

  /**
   * @param open makes the nth track, from 0
   * @param slack the overlap with the slice before that is tolerated, by moving the start
   */
  Lanes(IntFunction<Track> open, long slack) {
    this.open = open;
    this.slack = slack;
  }

  /** A track that is free from {@code start} on, taken until {@code end}. */
  Placed place(long start, long end) {
    int lane = 0;
    while (lane < tracks.size() && ends.get(lane) > Math.min(start + slack, end)) {
      lane++;
    }
    if (lane == tracks.size()) {
      tracks.add(open.apply(lane));
      ends.add(Long.MIN_VALUE);
    }
    long from = Math.max(start, ends.get(lane));
    ends.set(lane, Math.max(end, from));
    return new Placed(tracks.get(lane), from, Math.max(end, from));
  }

  /** A track that is free from {@code start} on, taken without end. */
  Placed placeUnended(long start) {
    return place(start, Long.MAX_VALUE);
  }
}
