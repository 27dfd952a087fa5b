package dev.freshet.analysis.read;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * Finds the tagged lines in a stream of bytes. It searches 64 bytes at a time, eight to a word, for
 * line ends and opening brackets, and gives only the lines with a tag to a {@link LineReader}.
 * Accepts lines of any length, of which one longer than the buffer is read in parts, and any bytes.
 * Owned by one thread.
 */
public final class TagScanner {
  private static final int CHUNK = 1 << 18;
  private static final int BLOCK = 64;

  /** What of a long line stays in memory after the rest is read. */
  private static final int TAIL = LineReader.MOST_EVENT + LineReader.MOST_PREFIX;

  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long ONES = 0x0101010101010101L;
  private static final long LOW_BITS = 0x7f7f7f7f7f7f7f7fL;
  private static final long HIGH_BITS = ~LOW_BITS;
  private static final long NEWLINES = '\n' * ONES;
  private static final long BRACKETS = '[' * ONES;
  private static final byte[] WEIGHTS = ascii("[weights]");
  private static final byte[] CHECKPOINT = ascii("[ckpt] ");
  private static final byte[] GENERATION = ascii("[gen] ");
  private static final byte[] ROLLOUT = ascii("[rollout] ");
  private static final byte[] FLEET = ascii("[fleet]");

  /** With the event's name: other programs have the tag alone. */
  private static final byte[] TIME = ascii("[time] step.done ");

  /** Colors between the characters of a tag, at most. */
  private static final int MOST_ESCAPES = 8;

  private static final byte[] ESCAPE_IN_JSON = ascii("u001b[");

  /** Journald's form of a message with colors: its bytes as numbers. */
  private static final byte[] BYTES = ascii("\"MESSAGE\"");

  private static final byte[] NONE = {};

  /** Tells lower-case letters from upper-case ones. */
  private static final int CASE = 0x20;

  /** The incomplete last line is moved to the front; the end has a block of slack. */
  private byte[] buffer = new byte[CHUNK + TAIL + BLOCK];

  private final EventSink sink;
  private final EventDecoder decoder = new EventDecoder();
  private final StampDates dates = new StampDates();

  private int length;
  private int searched;
  private boolean lineBegins = true;
  private boolean inMessage;
  private int resumeAt;

  /** Where a record begins whose end is not in the buffer yet. */
  private int keepFrom;

  private Optional<Malformed> firstMalformed = Optional.empty();

  /**
   * The end of the bytes that count: those in the buffer, and at the end of the input a line end
   * that is appended.
   */
  private int limit;

  private long bytes;
  private long linesBefore;
  private long tagged;
  private long malformed;

  /**
   * A line with a tag that is no event of the format.
   *
   * @param line its number
   * @param text from the tag on, shortened
   * @param expected what it lacks
   */
  public record Malformed(long line, String text, String expected) {}

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
        scan(length - TAIL, true);
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

  /** The first line that is no event. */
  public Optional<Malformed> firstMalformed() {
    return firstMalformed;
  }

  private int lastNewline() {
    int i = length - 1;
    while (i >= searched && buffer[i] != '\n') {
      i--;
    }
    return i >= searched ? i : -1;
  }

  /** Searches {@code [0, end)} for tags and moves the rest to the front. */
  private void scan(int to, boolean whole) {
    int end = to;
    limit = whole ? length : length + 1;
    keepFrom = Integer.MAX_VALUE;
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
          lookInWord(i, zeros(bracket), end, at, linesBefore + newlines, whole);
        }
      }
      newlines += (ends * ONES) >>> 56;
    }
    for (int i = at; i < end; i++) {
      look(i, end, at, linesBefore + newlines, whole);
    }
    linesBefore += newlines + newlines(at, end);
    if (end > 0) {
      lineBegins = buffer[end - 1] == '\n';
      end = Math.min(end, keepFrom);
      System.arraycopy(buffer, end, buffer, 0, length - end);
      length -= end;
    }
    resumeAt = lineBegins || keepFrom <= end ? 0 : Math.max(0, resumeAt - end);
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
      int word, long brackets, int end, int block, long linesBeforeBlock, boolean whole) {
    for (long left = brackets; left != 0; left &= left - 1) {
      look(word + (Long.numberOfTrailingZeros(left) >>> 3), end, block, linesBeforeBlock, whole);
    }
  }

  /** Reads the line of {@code i} if there is a tag, unless it was read. */
  private void look(int i, int end, int block, long linesBeforeBlock, boolean whole) {
    if (i >= resumeAt && buffer[i] == '[' && tagAt(i)) {
      readLine(i, end, linesBeforeBlock + newlines(block, i) + 1, whole);
    }
  }

  /** Whether a line with this bracket may have a tag. */
  private boolean tagAt(int i) {
    int name = afterEscapes(i + 1);
    byte first = buffer[name];
    return switch (first) {
      case 'w' -> matches(WEIGHTS, name);
      case 'c' -> matches(CHECKPOINT, name);
      case 'g' -> matches(GENERATION, name);
      case 'r' -> matches(ROLLOUT, name);
      case 'f' -> matches(FLEET, name);
      case 't' -> matches(TIME, name);
      default -> (first == ' ' || (first >= '0' && first <= '9')) && isMessageInBytes(i);
    };
  }

  private boolean matches(byte[] tag, int from) {
    int at = from;
    for (int k = 1; k < tag.length; k++) {
      at = afterEscapes(at);
      if (buffer[at++] != tag[k]) {
        return false;
      }
    }
    return true;
  }

  /** The position after the colors that begin at {@code i}, if any; as they are or in JSON. */
  private int afterEscapes(int i) {
    int at = i;
    for (int escapes = 0; escapes < MOST_ESCAPES; escapes++) {
      int begin = escape(at);
      if (begin < 0) {
        return at;
      }
      at = begin;
      while (at < limit && buffer[at] < '@') {
        at++;
      }
      at = Math.min(limit, at + 1);
    }
    return at;
  }

  /**
   * The position after the bracket of the escape code that begins at {@code i}; -1 if none does.
   */
  private int escape(int i) {
    if (buffer[i] == EscapeCodes.ESCAPE) {
      return buffer[i + 1] == '[' ? i + 2 : -1;
    }
    int at = i;
    while (at < limit && buffer[at] == '\\') {
      at++;
    }
    if (at == i || at + ESCAPE_IN_JSON.length > limit) {
      return -1;
    }
    for (byte b : ESCAPE_IN_JSON) {
      if ((buffer[at++] | CASE) != (b | CASE)) {
        return -1;
      }
    }
    return at;
  }

  private boolean isMessageInBytes(int bracket) {
    int colon = before(bracket);
    int name = colon < 0 || buffer[colon] != ':' ? -1 : before(colon) + 1;
    return name >= BYTES.length
        && Arrays.equals(buffer, name - BYTES.length, name, BYTES, 0, BYTES.length);
  }

  /** The position of the last byte before {@code i} that is no space; -1 if there is none. */
  private int before(int i) {
    int at = i - 1;
    while (at >= 0 && buffer[at] == ' ') {
      at--;
    }
    return at;
  }

  /** Reads the line that {@code i} is in, or the part of it that is in the buffer. */
  private void readLine(int i, int end, long line, boolean whole) {
    int start = i;
    while (start > 0 && buffer[start - 1] != '\n') {
      start--;
    }
    boolean begins = start > 0 || lineBegins;
    start = Math.max(start, resumeAt);
    int newline = lineEnd(i);
    boolean ends = newline != Integer.MAX_VALUE;
    int stop = ends ? newline : length;
    String text = new String(buffer, start, stop - start, StandardCharsets.ISO_8859_1);
    if (ends) {
      text = EscapeCodes.removed(text);
    }
    LineReader reader =
        new LineReader(
            text,
            ends ? text.length() : end - start,
            ends && (whole || newline < length),
            !begins && inMessage,
            decoder);
    int read = reader.read();
    inMessage = reader.inMessage();
    keepFrom = !ends && read < end - start ? start + read : keepFrom;
    resumeAt = ends ? newline : Math.max(end, start + read);
    take(reader, line);
  }

  private void take(LineReader reader, long line) {
    for (LineReader.Found event : reader.found()) {
      tagged++;
      malformed += event.impossible() ? 1 : 0;
      sink.accept(event.event(), dates.completed(event.stamp()), line);
    }
    malformed += reader.malformed();
    firstMalformed =
        firstMalformed.or(
            () ->
                reader
                    .firstMalformed()
                    .map(first -> new Malformed(line, first.text(), first.expected())));
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
