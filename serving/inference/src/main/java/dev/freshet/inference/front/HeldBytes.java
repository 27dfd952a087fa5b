package dev.freshet.inference.front;

import java.util.HashMap;
import java.util.Map;

/**
 * What the streams of one event loop hold for readers that do not take it. A stream that holds more
 * than its bound is given up; while all of them hold more than theirs, the one that holds most is.
 * The others do not notice. For the loop's thread alone.
 */
final class HeldBytes {
  private final int perStream;
  private final long all;
  private final Map<CompletionStream, Integer> behind = new HashMap<>();
  private long total;

  HeldBytes(int perStream, long all) {
    this.perStream = perStream;
    this.all = all;
  }

  /** The reader of {@code stream} is behind by {@code bytes} now. */
  void behind(CompletionStream stream, int bytes) {
    if (bytes > perStream) {
      stream.giveUp();
      return;
    }
    Integer before = behind.put(stream, bytes);
    total += bytes - (before == null ? 0 : before);
    while (total > all) {
      largest().giveUp();
    }
  }

  /** The stream holds nothing any more. */
  void free(CompletionStream stream) {
    Integer before = behind.remove(stream);
    total -= before == null ? 0 : before;
  }

  private CompletionStream largest() {
    return behind.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey();
  }
}
