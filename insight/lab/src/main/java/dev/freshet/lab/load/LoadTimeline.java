package dev.freshet.lab.load;

import dev.freshet.analysis.Distribution;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * How many tokens had come and how many completions streamed by when. Between two arrivals tokens
 * are taken to have come evenly, so that a decode step which belongs to a window only in part
 * counts for that part. Times are nanoseconds of one monotonic clock. Thread-safe.
 */
public final class LoadTimeline {
  private static final long WINDOW_NANOS = 1_000_000_000L;
  private static final long HALF_NANOS = WINDOW_NANOS / 2;

  /** How far apart the windows begin among which undisturbed ones are looked for. */
  private static final long STRIDE_NANOS = WINDOW_NANOS / 4;

  /**
   * @param tokens that had come in all
   * @param streaming completions whose answer had begun and not ended
   */
  public record Reading(long nanos, long tokens, int streaming) {}

  /** A stretch of time in which something happened beside decoding. */
  public record Span(long startNanos, long endNanos) {
    long middleNanos() {
      return startNanos + (endNanos - startNanos) / 2;
    }
  }

  private final List<Reading> readings = new ArrayList<>();

  /** The readings that found tokens which had not come by the one before. */
  private final List<Reading> arrivals = new ArrayList<>();

  /** Adds a reading that is later than all before. */
  public synchronized void add(Reading reading) {
    readings.add(reading);
    if (arrivals.isEmpty() || reading.tokens() > arrivals.getLast().tokens()) {
      arrivals.add(reading);
    }
  }

  /** All readings so far. */
  public synchronized List<Reading> readings() {
    return List.copyOf(readings);
  }

  /** The readings from then to then, as a timeline of their own. */
  public LoadTimeline between(long fromNanos, long toNanos) {
    LoadTimeline part = new LoadTimeline();
    readings().stream()
        .filter(reading -> reading.nanos() >= fromNanos && reading.nanos() <= toNanos)
        .forEach(part::add);
    return part;
  }

  /** Tokens a second from then to then; NaN where that is not all within the readings. */
  public synchronized double tokensPerS(long fromNanos, long toNanos) {
    if (readings.isEmpty()
        || fromNanos < readings.getFirst().nanos()
        || toNanos > readings.getLast().nanos()
        || toNanos <= fromNanos) {
      return Double.NaN;
    }
    return tokens(fromNanos, toNanos) / (toNanos - fromNanos) * 1e9;
  }

  /**
   * The tokens of the second around a span's middle over those of an undisturbed second, as a mean
   * over the spans; NaN without a span or an undisturbed second.
   */
  public synchronized double kept(List<Span> spans) {
    List<Double> around =
        spans.stream()
            .map(Span::middleNanos)
            .map(middle -> tokens(middle - HALF_NANOS, middle + HALF_NANOS))
            .toList();
    return Distribution.of(around).mean() / undisturbed(spans);
  }

  /** The tokens of a second that is half a second or more away from every span: their median. */
  synchronized double undisturbed(List<Span> spans) {
    List<Double> windows = new ArrayList<>();
    if (!arrivals.isEmpty()) {
      long last = arrivals.getLast().nanos() - WINDOW_NANOS;
      for (long start = arrivals.getFirst().nanos(); start <= last; start += STRIDE_NANOS) {
        long from = start - HALF_NANOS;
        long to = start + WINDOW_NANOS + HALF_NANOS;
        if (spans.stream().noneMatch(s -> s.startNanos() < to && s.endNanos() > from)) {
          windows.add(tokens(start, start + WINDOW_NANOS));
        }
      }
    }
    return Distribution.of(windows).p50();
  }

  private double tokens(long fromNanos, long toNanos) {
    return tokensBy(toNanos) - tokensBy(fromNanos);
  }

  /** Before the first arrival, what it found; after the last, the same of that. */
  private double tokensBy(long nanos) {
    int found =
        Collections.binarySearch(
            arrivals, new Reading(nanos, 0, 0), Comparator.comparingLong(Reading::nanos));
    if (found >= 0) {
      return arrivals.get(found).tokens();
    }
    int next = -found - 1;
    if (next == 0 || next == arrivals.size()) {
      return arrivals.isEmpty() ? 0 : arrivals.get(Math.min(next, arrivals.size() - 1)).tokens();
    }
    Reading before = arrivals.get(next - 1);
    Reading after = arrivals.get(next);
    double part = (double) (nanos - before.nanos()) / (after.nanos() - before.nanos());
    return before.tokens() + part * (after.tokens() - before.tokens());
  }
}
