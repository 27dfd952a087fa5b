package dev.freshet.http;

import java.util.HashMap;
import java.util.Map;

/**
 * Bounds the bytes that the streams of one event loop buffer for slow readers. A stream that
 * buffers more than its own bound is disconnected. While all streams together exceed theirs, the
 * stream that buffers most is disconnected. Other streams are not affected. Confined to the loop's
 * thread.
 */
public final class HeldBytes {
  /** A stream whose reader may fall behind. */
  public interface Reader {
    /** Closes the connection of a reader that fell too far behind. */
    void disconnectSlowReader();
  }

  private final int perStream;
  private final long all;
  private final Map<Reader, Integer> behind = new HashMap<>();
  private long total;

  public HeldBytes(int perStream, long all) {
    this.perStream = perStream;
    this.all = all;
  }

  /** Records that {@code stream} now buffers {@code bytes} for its reader. */
  public void behind(Reader stream, int bytes) {
    if (bytes > perStream) {
      stream.disconnectSlowReader();
      return;
    }
    Integer before = behind.put(stream, bytes);
    total += bytes - (before == null ? 0 : before);
    while (total > all) {
      largest().disconnectSlowReader();
    }
  }

  /** Records that {@code stream} buffers nothing. */
  public void free(Reader stream) {
    Integer before = behind.remove(stream);
    total -= before == null ? 0 : before;
  }

  private Reader largest() {
    return behind.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey();
  }
}
