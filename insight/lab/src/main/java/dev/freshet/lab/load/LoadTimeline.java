package dev.freshet.lab.load;

import dev.freshet.analysis.Distribution;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * Tokens received and completions streaming over time. Tokens are interpolated linearly between two
 * arrivals, so that a decode step that lies partly in a window counts for that part. Times are
 * nanoseconds of one monotonic clock. Thread-safe.
 */
public final class LoadTimeline {
  private static final long WINDOW_NANOS = 1_000_000_000L;
  private static final long HALF_NANOS = WINDOW_NANOS / 2;

  /** Distance between the beginnings of candidate undisturbed windows. */
  private static final long STRIDE_NANOS = WINDOW_NANOS / 4;

  /**
   * @param tokens received in all
   * @param streaming completions whose response has begun and not ended
   */
  public record Reading(long nanos, long tokens, int streaming) {}

  /** An interval in which the server did something besides decoding. */
  public record Disturbance(long startNanos, long endNanos) {
    long middleNanos() {
      return startNanos + (endNanos - startNanos) / 2;
    }
  }

  private final List<Reading> readings = new ArrayList<>();

  /** The readings with more tokens than the one before. */
  private final List<Reading> arrivals = new ArrayList<>();

  /** Adds a reading, which must be later than all earlier ones. */
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

  /** The readings of an interval, as a timeline. */
  public LoadTimeline between(long fromNanos, long toNanos) {
    LoadTimeline part = new LoadTimeline();
    readings().stream()
        .filter(reading -> reading.nanos() >= fromNanos && reading.nanos() <= toNanos)
        .forEach(part::add);
    return part;
  }

  /** Tokens a second in an interval; NaN if the readings do not cover it. */
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
   * The tokens of the second around a disturbance's middle divided by those of an undisturbed
   * second, averaged over the disturbances; NaN without a disturbance or an undisturbed second.
   */
  public synchronized double kept(List<Disturbance> disturbances) {
    List<Double> around =
        disturbances.stream()
            .map(Disturbance::middleNanos)
            .map(middle -> tokens(middle - HALF_NANOS, middle + HALF_NANOS))
            .toList();
    return Distribution.of(around).mean() / undisturbed(disturbances);
  }

  /**
   * The median tokens of the seconds that are half a second or more away from every disturbance.
   */
  synchronized double undisturbed(List<Disturbance> disturbances) {
    List<Double> windows = new ArrayList<>();
    if (!arrivals.isEmpty()) {
      long last = arrivals.getLast().nanos() - WINDOW_NANOS;
      for (long start = arrivals.getFirst().nanos(); start <= last; start += STRIDE_NANOS) {
        long from = start - HALF_NANOS;
        long to = start + WINDOW_NANOS + HALF_NANOS;
        if (disturbances.stream().noneMatch(s -> s.startNanos() < to && s.endNanos() > from)) {
          windows.add(tokens(start, start + WINDOW_NANOS));
        }
      }
    }
    return Distribution.of(windows).p50();
  }

  private double tokens(long fromNanos, long toNanos) {
    return tokensBy(toNanos) - tokensBy(fromNanos);
  }

  /** Before the first arrival, its tokens; after the last arrival, its tokens. */
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
