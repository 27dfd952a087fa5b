package dev.freshet.analysis.timeline;

import dev.freshet.trace.UpdatePart;

/**
 * Slices within a slice, one after the other. What would begin before the one before it ends, or
 * end after the slice around it, is cut; what is not known, or took no time, is not drawn.
 */
final class Nest {
  private final TraceWriter out;
  private final Track track;
  private final String category;
  private final long end;
  private long at;

  Nest(TraceWriter out, Lanes.Placed around, String category) {
    this(out, around.track(), category, around.start(), around.end());
  }

  private Nest(TraceWriter out, Track track, String category, long start, long end) {
    this.out = out;
    this.track = track;
    this.category = category;
    this.at = start;
    this.end = end;
  }

  /** Where the next slice begins at the earliest. */
  long at() {
    return at;
  }

  /** A slice until {@code until}; returns what may be drawn within it. */
  Nest until(String name, long until, Args args) {
    long start = at;
    at = Math.clamp(until, start, end);
    out.slice(track, category, name, start, at - start, args);
    return new Nest(out, track, category, start, at);
  }

  /** A slice of {@code ms}, named without its unit; returns what may be drawn within it. */
  Nest lasting(String wireName, double ms) {
    return ms > 0
        ? until(
            UpdatePart.label(wireName), at + TraceAxis.length(ms), new Args().figure(wireName, ms))
        : new Nest(out, track, category, at, at);
  }

  /** The slice drawn by the last call that began at {@code start} is part of a flow. */
  void flow(Flow flow, Flow.Stand stand, long start) {
    out.flow(flow, stand, track, start);
  }
}
