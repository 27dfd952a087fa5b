package dev.freshet.wire;

import java.util.Arrays;

/** A growable array of ints. */
public final class IntList {
  private int[] values = new int[32];
  private int size;

  public void add(int value) {
    if (size == values.length) {
      values = Arrays.copyOf(values, size * 2);
    }
    values[size++] = value;
  }

  public int size() {
    return size;
  }

  public int[] toArray() {
    return toArray(0);
  }

  /** The values from a position on; none if there are no more. */
  public int[] toArray(int from) {
    return Arrays.copyOfRange(values, Math.min(from, size), size);
  }
}
