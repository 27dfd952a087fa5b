package dev.freshet.lab.lanes;

import java.util.ArrayList;
import java.util.List;

/**
 * How many tokens had come and how many completions streamed by when. Between two readings tokens
 * are taken to have come evenly. Times are nanoseconds of one monotonic clock. Thread-safe.
 */
public final class LoadTimeline {
  /**
   * @param tokens that had come in all
   * @param streaming completions whose answer had begun and not ended
   */
  public record Reading(long nanos, long tokens, int streaming) {}

  private final List<Reading> readings = new ArrayList<>();

  /** Adds a reading that is later than all before. */
  synchronized void add(Reading reading) {
    readings.add(reading);
  }

  /** All readings so far. */
  synchronized List<Reading> readings() {
    return List.copyOf(readings);
  }

  /** Tokens a second from then to then; NaN where that is not all within the readings. */
  synchronized double tokensPerS(long fromNanos, long toNanos) {
    if (readings.isEmpty()
        || fromNanos < readings.getFirst().nanos()
        || toNanos > readings.getLast().nanos()
        || toNanos <= fromNanos) {
      return Double.NaN;
    }
    return (tokensBy(toNanos) - tokensBy(fromNanos)) / (toNanos - fromNanos) * 1e9;
  }

  /** Within the readings. */
  private double tokensBy(long nanos) {
    int low = 0;
    int high = readings.size() - 1;
    while (high - low > 1) {
      int middle = (low + high) >>> 1;
      if (readings.get(middle).nanos() <= nanos) {
        low = middle;
      } else {
        high = middle;
      }
    }
    Reading before = readings.get(low);
    Reading after = readings.get(high);
    if (after.nanos() == before.nanos()) {
      return before.tokens();
    }
    double part = (double) (nanos - before.nanos()) / (after.nanos() - before.nanos());
    return before.tokens() + part * (after.tokens() - before.tokens());
  }
}
