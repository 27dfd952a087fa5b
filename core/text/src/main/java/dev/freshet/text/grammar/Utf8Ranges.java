package dev.freshet.text.grammar;

import java.util.function.Consumer;

/**
 * Ranges of characters as sequences of ranges of bytes: each sequence is all characters whose first
 * byte is in the first range, whose second byte is in the second, and so on. Shortest forms alone,
 * so what they describe is valid UTF-8.
 */
final class Utf8Ranges {
  /** The lowest and the highest byte after the first of a character. */
  static final int LOWEST = 0x80;

  static final int HIGHEST = 0xBF;

  private static final int BITS = 6;

  /** The last character of each length. */
  private static final int[] LAST = {0x7F, 0x7FF, 0xFFFF, Character.MAX_CODE_POINT};

  /** The bits that mark the first byte of each length. */
  private static final int[] MARK = {0, 0xC0, 0xE0, 0xF0};

  private Utf8Ranges() {}

  /** Gives out the sequences of a range, each as pairs of the lowest and the highest byte. */
  static void split(CharSet.Range range, Consumer<int[][]> sequence) {
    int first = range.first();
    for (int length = 1; length <= LAST.length && first <= range.last(); length++) {
      int last = Math.min(range.last(), LAST[length - 1]);
      if (first <= last) {
        split(first, last, length, sequence);
        first = last + 1;
      }
    }
  }

  /** Splits a range of characters of one length until all bytes but one vary freely. */
  private static void split(int first, int last, int length, Consumer<int[][]> sequence) {
    for (int free = 1; free < length; free++) {
      int mask = (1 << (BITS * free)) - 1;
      if ((first & ~mask) != (last & ~mask)) {
        if ((first & mask) != 0) {
          split(first, first | mask, length, sequence);
          split((first | mask) + 1, last, length, sequence);
          return;
        }
        if ((last & mask) != mask) {
          split(first, (last & ~mask) - 1, length, sequence);
          split(last & ~mask, last, length, sequence);
          return;
        }
      }
    }
    int[][] bytes = new int[length][];
    for (int i = 0; i < length; i++) {
      bytes[i] = new int[] {value(first, i, length), value(last, i, length)};
    }
    sequence.accept(bytes);
  }

  private static int value(int character, int at, int length) {
    int bits = character >> (BITS * (length - 1 - at));
    return at == 0 ? MARK[length - 1] | bits : LOWEST | (bits & (HIGHEST - LOWEST));
  }

  /** Whether the bytes from one on have any value that such bytes may have. */
  static boolean isFree(int[][] bytes, int from) {
    for (int i = from; i < bytes.length; i++) {
      if (bytes[i][0] != LOWEST || bytes[i][1] != HIGHEST) {
        return false;
      }
    }
    return true;
  }
}
