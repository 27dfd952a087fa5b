package dev.freshet.analysis.timeline;

import dev.freshet.trace.UpdatePart;

/**
 * Consecutive slices within a slice. A slice is cut where it would overlap the one before or exceed
 * the one around it; one that is unknown or took no time is not drawn.
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

  /** The earliest start of the next slice. */
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

  /** Makes the last slice that began at {@code start} part of a flow. */
  void flow(Flow flow, Flow.Stand stand, long start) {
    out.flow(flow, stand, track, start);
  }
}
