package dev.freshet.lab;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * How many tokens had come by when. Between two readings tokens are taken to have come evenly, so
 * that a decode step which belongs to a window only in part counts for that part. Times are
 * nanoseconds of one monotonic clock. Thread-safe.
 */
final class TokenTimeline {
  private static final long WINDOW_NANOS = 1_000_000_000L;
  private static final long HALF_NANOS = WINDOW_NANOS / 2;

  /** How far apart the windows begin among which undisturbed ones are looked for. */
  private static final long STRIDE_NANOS = WINDOW_NANOS / 4;

  /** A stretch of time in which something happened beside decoding. */
  record Span(long startNanos, long endNanos) {}

  private record Reading(long nanos, double tokens) {}

  private final List<Reading> readings = new ArrayList<>();

  /** By {@code nanos}, later than in all readings before, {@code tokens} have come in all. */
  synchronized void add(long nanos, long tokens) {
    if (readings.isEmpty() || tokens > readings.getLast().tokens()) {
      readings.add(new Reading(nanos, tokens));
    }
  }

  /**
   * The tokens of the second around a span's middle over those of an undisturbed second, as a mean
   * over the spans; NaN without a span or an undisturbed second.
   */
  synchronized double kept(List<Span> spans) {
    List<Double> around =
        spans.stream()
            .map(span -> (span.startNanos() + span.endNanos()) / 2)
            .map(middle -> tokens(middle - HALF_NANOS, middle + HALF_NANOS))
            .toList();
    return Distribution.of(around).mean() / undisturbed(spans);
  }

  /** The tokens of a second that is half a second or more away from every span: their median. */
  synchronized double undisturbed(List<Span> spans) {
    List<Double> windows = new ArrayList<>();
    long end = readings.isEmpty() ? 0 : readings.getLast().nanos() - WINDOW_NANOS;
    for (long start = readings.isEmpty() ? 1 : readings.getFirst().nanos();
        start <= end;
        start += STRIDE_NANOS) {
      long from = start - HALF_NANOS;
      long to = start + WINDOW_NANOS + HALF_NANOS;
      if (spans.stream().noneMatch(s -> s.startNanos() < to && s.endNanos() > from)) {
        windows.add(tokens(start, start + WINDOW_NANOS));
      }
    }
    return Distribution.of(windows).p50();
  }

  private double tokens(long fromNanos, long toNanos) {
    return tokensBy(toNanos) - tokensBy(fromNanos);
  }

  private double tokensBy(long nanos) {
    int found =
        Collections.binarySearch(
            readings, new Reading(nanos, 0), Comparator.comparingLong(Reading::nanos));
    if (found >= 0) {
      return readings.get(found).tokens();
    }
    int next = -found - 1;
    if (next == 0 || next == readings.size()) {
      return readings.isEmpty() ? 0 : readings.get(Math.min(next, readings.size() - 1)).tokens();
    }
    Reading before = readings.get(next - 1);
    Reading after = readings.get(next);
    double part = (double) (nanos - before.nanos()) / (after.nanos() - before.nanos());
    return before.tokens() + part * (after.tokens() - before.tokens());
  }
}
