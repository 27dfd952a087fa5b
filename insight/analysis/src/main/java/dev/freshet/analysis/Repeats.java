package dev.freshet.analysis;

import dev.freshet.analysis.read.Event;
import dev.freshet.analysis.read.Stamp;

/**
 * Recognizes events without a trace that an earlier log has too, as when the logs of the roles and
 * a combined log are read together. Events with the same figures and time are the same; an event
 * that one log has several times counts that often. Events without a time cannot be told apart, so
 * all of them count. Remembers the first {@link #MOST} events, by 64 bits of their content.
 */
final class Repeats {
  static final int MOST = 1 << 18;

  private static final long MIX = 0x9E3779B97F4A7C15L;
  private static final int FIRST = 256;

  /** Open addressing; a slot is free while its count is 0. */
  private long[] keys = new long[FIRST];

  private int[] sources = new int[FIRST];
  private int[] here = new int[FIRST];
  private int[] before = new int[FIRST];
  private int size;
  private long repeated;

  /** The number of repeated events. */
  long repeated() {
    return repeated;
  }

  boolean isFull() {
    return size >= MOST;
  }

  boolean isRepeat(int source, Event event, Stamp stamp) {
    if (!stamp.known()) {
      return false;
    }
    long key = (Double.doubleToLongBits(stamp.millis()) * MIX) ^ event.hashCode();
    int slot = slot(key);
    if (here[slot] + before[slot] == 0) {
      if (isFull()) {
        return false;
      }
      size++;
      keys[slot] = key;
      sources[slot] = source;
    }
    if (sources[slot] != source) {
      before[slot] = Math.max(before[slot], here[slot]);
      here[slot] = 0;
      sources[slot] = source;
    }
    boolean repeat = ++here[slot] <= before[slot];
    repeated += repeat ? 1 : 0;
    if (size * 2 > keys.length) {
      grow();
    }
    return repeat;
  }

  private int slot(long key) {
    int i = (int) ((key * MIX) >>> 32) & (keys.length - 1);
    while (here[i] + before[i] > 0 && keys[i] != key) {
      i = (i + 1) & (keys.length - 1);
    }
    return i;
  }

  private void grow() {
    long[] oldKeys = keys;
    int[] oldSources = sources;
    int[] oldHere = here;
    int[] oldBefore = before;
    keys = new long[oldKeys.length * 2];
    sources = new int[keys.length];
    here = new int[keys.length];
    before = new int[keys.length];
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldHere[i] + oldBefore[i] > 0) {
        int slot = slot(oldKeys[i]);
        keys[slot] = oldKeys[i];
        sources[slot] = oldSources[i];
        here[slot] = oldHere[i];
        before[slot] = oldBefore[i];
      }
    }
  }
}
