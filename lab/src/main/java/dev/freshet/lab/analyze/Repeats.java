package dev.freshet.lab.analyze;

import dev.freshet.lab.analyze.read.Event;
import dev.freshet.lab.analyze.read.Stamp;
import java.util.HashMap;
import java.util.Map;

/**
 * Tells whether an event without a trace was in a log read before, as where the roles' own logs and
 * a log of all roles are read together. Events are the same that have the same figures and time;
 * one that a log has several times counts as often. Events without a time cannot be told apart, so
 * all of them count. The first {@link #MOST} are remembered.
 */
final class Repeats {
  static final int MOST = 1 << 17;
  private static final long MIX = 0x9E3779B97F4A7C15L;

  private final Map<Long, Count> counts = new HashMap<>();
  private long repeated;

  private static final class Count {
    private int source;
    private int here;
    private int before;
  }

  /** How many events were in a log before. */
  long repeated() {
    return repeated;
  }

  boolean isFull() {
    return counts.size() >= MOST;
  }

  boolean isRepeat(int source, Event event, Stamp stamp) {
    if (!stamp.known()) {
      return false;
    }
    long key = Double.doubleToLongBits(stamp.millis()) * MIX ^ event.hashCode();
    Count count = counts.get(key);
    if (count == null) {
      if (isFull()) {
        return false;
      }
      count = new Count();
      count.source = source;
      counts.put(key, count);
    }
    if (count.source != source) {
      count.before = Math.max(count.before, count.here);
      count.here = 0;
      count.source = source;
    }
    boolean repeat = ++count.here <= count.before;
    repeated += repeat ? 1 : 0;
    return repeat;
  }
}
