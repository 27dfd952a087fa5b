package dev.freshet.analysis;

/** A set of at most a given number of 64-bit values. Open addressing; no removal. */
final class LongSet {
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;
  private static final int FIRST = 64;

  private final int most;
  private long[] slots = new long[FIRST];
  private boolean hasZero;
  private int size;

  LongSet(int most) {
    this.most = most;
  }

  boolean isFull() {
    return size >= most;
  }

  boolean contains(long value) {
    return value == 0 ? hasZero : slots[slot(value)] == value;
  }

  /** Adds a value, unless the set is full. */
  void add(long value) {
    if (isFull() || contains(value)) {
      return;
    }
    size++;
    if (value == 0) {
      hasZero = true;
      return;
    }
    slots[slot(value)] = value;
    if (size * 2 > slots.length) {
      long[] old = slots;
      slots = new long[old.length * 2];
      for (long kept : old) {
        if (kept != 0) {
          slots[slot(kept)] = kept;
        }
      }
    }
  }

  /** The slot that the value has or would get. */
  private int slot(long value) {
    int i = (int) ((value * GOLDEN) >>> 32) & (slots.length - 1);
    while (slots[i] != 0 && slots[i] != value) {
      i = (i + 1) & (slots.length - 1);
    }
    return i;
  }
}
