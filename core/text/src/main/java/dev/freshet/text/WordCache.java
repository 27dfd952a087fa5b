package dev.freshet.text;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The tokens of recent words. Each word has one place by its hash and replaces what is there, so
 * the size is bounded: 16,384 words of at most 32 characters, some 2 MiB. Thread-safe, without
 * locks.
 */
final class WordCache {
  private static final int PLACES = 1 << 14;
  private static final int LONGEST_WORD = 32;

  private record Entry(String word, int[] tokens) {}

  private final AtomicReferenceArray<Entry> entries = new AtomicReferenceArray<>(PLACES);

  /** The tokens of a part of a text; null if they are not known. */
  int @Nullable [] find(String text, int start, int end) {
    Entry entry = entries.getAcquire(place(text, start, end));
    return entry != null
            && entry.word().length() == end - start
            && text.startsWith(entry.word(), start)
        ? entry.tokens()
        : null;
  }

  /** Keeps the tokens of a part of a text; longer words are not kept. */
  void put(String text, int start, int end, int[] tokens) {
    if (end - start <= LONGEST_WORD) {
      entries.setRelease(place(text, start, end), new Entry(text.substring(start, end), tokens));
    }
  }

  private static int place(String text, int start, int end) {
    int hash = 0;
    for (int i = start; i < end; i++) {
      hash = hash * 31 + text.charAt(i);
    }
    hash *= 0x9E3779B9;
    return hash >>> (32 - 14);
  }
}
