package dev.freshet.analysis.read;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Finds the tagged lines in a stream of bytes. It searches 64 bytes at a time, eight to a word, for
 * line ends and opening brackets, and decodes only what follows a tag. In a line with several tags
 * the first that begins an event counts. Of an event longer than {@link #MOST_EVENT} bytes the
 * beginning is decoded. The time of day is searched only if the tag is within the first {@link
 * #MOST_PREFIX} bytes of its line. Accepts lines of any length and any bytes. Owned by one thread.
 */
public final class TagScanner {
  static final int MOST_EVENT = 1 << 14;
  static final int MOST_PREFIX = 512;

  private static final int CHUNK = 1 << 18;
  private static final int BLOCK = 64;
  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long ONES = 0x0101010101010101L;
  private static final long LOW_BITS = 0x7f7f7f7f7f7f7f7fL;
  private static final long HIGH_BITS = ~LOW_BITS;
  private static final long NEWLINES = '\n' * ONES;
  private static final long BRACKETS = '[' * ONES;
  private static final byte[] WEIGHTS = ascii("[weights][");
  private static final byte[] CHECKPOINT = ascii("[ckpt] ");
  private static final byte[] GENERATION = ascii("[gen] ");
  private static final byte[] ROLLOUT = ascii("[rollout] ");

  private static final byte[] NONE = {};

  /** The incomplete last line is moved to the front; the end has a block of slack. */
  private byte[] buffer = new byte[CHUNK + MOST_EVENT + MOST_PREFIX + BLOCK];

  private final EventSink sink;
  private final EventDecoder decoder = new EventDecoder();
  private final StampDates dates = new StampDates();

  private int length;
  private int searched;
  private boolean lineBegins = true;
  private boolean lineDone;
  private int resumeAt;

  /**
   * The end of the bytes that count: those in the buffer, and at the end of the input a line end
   * that is appended.
   */
  private int limit;

  private long bytes;
  private long linesBefore;
  private long tagged;
  private long malformed;

  public TagScanner(EventSink sink) {
    this.sink = sink;
  }

  /** Scans all that the input has now, except an incomplete last line. */
  public void drain(ByteInput input) throws IOException {
    int capacity = buffer.length - BLOCK;
    int read;
    while ((read = input.read(buffer, length, Math.min(CHUNK, capacity - length))) >= 0) {
      length += read;
      bytes += read;
      int complete = lastNewline() + 1;
      if (complete > 0) {
        scan(complete, true);
      } else if (length == capacity) {
        scan(length - MOST_EVENT - MOST_PREFIX, true);
      }
      searched = length;
    }
  }

  /**
   * Scans the incomplete last line at the end of the input and releases the buffer. Only the counts
   * remain.
   */
  public void finish() {
    if (length > 0) {
      buffer[length] = '\n';
      scan(length, false);
      linesBefore++;
    }
    buffer = NONE;
  }

  /** Bytes read so far. */
  public long bytes() {
    return bytes;
  }

  /** Lines that have ended so far. */
  public long lines() {
    return linesBefore;
  }

  /** Events found so far. */
  public long events() {
    return tagged;
  }

  /** Lines with a tag that are no event of the format, or have an impossible figure. */
  public long malformed() {
    return malformed;
  }

  private int lastNewline() {
    int i = length - 1;
    while (i >= searched && buffer[i] != '\n') {
      i--;
    }
    return i >= searched ? i : -1;
  }

  /** Searches {@code [0, end)} for tags and moves the rest to the front. */
  private void scan(int end, boolean whole) {
    limit = whole ? length : length + 1;
    resumeAt = lineDone ? lineEnd(0) : 0;
    long newlines = 0;
    int at = 0;
    for (; at + BLOCK <= end; at += BLOCK) {
      long ends = 0;
      for (int i = at; i < at + BLOCK; i += Long.BYTES) {
        long word = (long) WORD.get(buffer, i);
        ends += zeros(word ^ NEWLINES) >>> 7;
        long bracket = word ^ BRACKETS;
        // A high bit of this is set if, and only if, a byte is zero; above that byte it may be any.
        if (((bracket - ONES) & ~bracket & HIGH_BITS) != 0) {
          lookInWord(i, zeros(bracket), at, linesBefore + newlines, whole);
        }
      }
      newlines += (ends * ONES) >>> 56;
    }
    for (int i = at; i < end; i++) {
      look(i, at, linesBefore + newlines, whole);
    }
    linesBefore += newlines + newlines(at, end);
    if (end > 0) {
      lineBegins = buffer[end - 1] == '\n';
      lineDone = resumeAt == Integer.MAX_VALUE;
      System.arraycopy(buffer, end, buffer, 0, length - end);
      length -= end;
    }
  }

  /** The high bit of every byte of {@code word} that is zero. */
  private static long zeros(long word) {
    return ~(((word & LOW_BITS) + LOW_BITS) | word | LOW_BITS);
  }

  /**
   * Checks the brackets of a word.
   *
   * @param brackets the high bits of their bytes
   */
  private void lookInWord(
      int word, long brackets, int block, long linesBeforeBlock, boolean whole) {
    for (long left = brackets; left != 0; left &= left - 1) {
      look(word + (Long.numberOfTrailingZeros(left) >>> 3), block, linesBeforeBlock, whole);
    }
  }

  /** Decodes the event at {@code i}, if there is a tag and its line has had no event yet. */
  private void look(int i, int block, long linesBeforeBlock, boolean whole) {
    if (i >= resumeAt && buffer[i] == '[' && tagAt(i)) {
      decode(i, linesBeforeBlock + newlines(block, i), whole);
    }
  }

  private boolean tagAt(int i) {
    return switch (buffer[i + 1]) {
      case 'w' -> matches(WEIGHTS, i);
      case 'c' -> matches(CHECKPOINT, i);
      case 'g' -> matches(GENERATION, i);
      case 'r' -> matches(ROLLOUT, i);
      default -> false;
    };
  }

  private boolean matches(byte[] tag, int i) {
    for (int k = 1; k < tag.length; k++) {
      if (buffer[i + k] != tag[k]) {
        return false;
      }
    }
    return true;
  }

  private void decode(int tag, long linesBeforeTag, boolean whole) {
    int newline = lineEnd(tag);
    int end = Math.min(newline, tag + MOST_EVENT);
    boolean complete = end == newline && (whole || newline < length);
    if (end > tag && buffer[end - 1] == '\r') {
      end--;
    }
    String text = new String(buffer, tag, end - tag, StandardCharsets.ISO_8859_1);
    Optional<Event> event = decoder.decode(text, complete);
    if (event.isPresent()) {
      tagged++;
      malformed += decoder.hadImpossibleValue() ? 1 : 0;
      resumeAt = newline;
      sink.accept(event.get(), stamp(tag), linesBeforeTag + 1);
    } else {
      malformed++;
    }
  }

  /** The time of day in front of a tag. */
  private Stamp stamp(int tag) {
    int start = tag;
    int least = Math.max(0, tag - MOST_PREFIX);
    while (start > least && buffer[start - 1] != '\n') {
      start--;
    }
    boolean begins = start > 0 ? buffer[start - 1] == '\n' : lineBegins;
    return begins ? dates.completed(StampParser.parse(buffer, start, tag)) : Stamp.NONE;
  }

  /** The end of the line that {@code from} is in; a large number if it is not in the buffer. */
  private int lineEnd(int from) {
    for (int i = from; i < limit; i++) {
      if (buffer[i] == '\n') {
        return i;
      }
    }
    return Integer.MAX_VALUE;
  }

  private int newlines(int from, int to) {
    int count = 0;
    for (int i = from; i < to; i++) {
      count += buffer[i] == '\n' ? 1 : 0;
    }
    return count;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
