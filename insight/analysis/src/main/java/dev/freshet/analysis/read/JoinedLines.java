package dev.freshet.analysis.read;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Joins the parts of lines in the log of a Kubernetes container (the CRI format: {@code time stream
 * P text} for a part, {@code F} for the last one). A text whose first line is not of the format is
 * passed on as it is. Of the parts of a line at most {@link #MOST} bytes are joined. Empty lines in
 * place of the parts keep the count of lines.
 */
final class JoinedLines implements ByteInput {
  private static final int MOST = 1 << 20;
  private static final int BUFFER = 1 << 14;
  private static final Pattern HEAD =
      Pattern.compile(
          "\\d{4}-\\d\\d-\\d\\dT[\\d:.]{8,18}(?:Z|[+-]\\d\\d:\\d\\d) (stdout|stderr) ([PF]) ");
  private static final int LONGEST_HEAD = 64;

  private final ByteInput input;
  private final boolean ends;

  private enum Kind {
    UNKNOWN,
    JOINED,
    OTHER
  }

  private Kind kind = Kind.UNKNOWN;
  private final byte[] buffer = new byte[BUFFER];
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();

  /** The parts of a line so far, by stream. */
  private final Map<String, Parts> parts = new HashMap<>();

  private byte[] out = {};
  private int at;

  private static final class Parts {
    private final ByteArrayOutputStream text = new ByteArrayOutputStream();
    private int count;
  }

  /**
   * @param ends whether the input has an end, after which nothing follows
   */
  JoinedLines(ByteInput input, boolean ends) {
    this.input = input;
    this.ends = ends;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    while (at == out.length) {
      if (kind == Kind.OTHER) {
        return input.read(into, offset, length);
      }
      int read = input.read(buffer, 0, buffer.length);
      if (read < 0 && !(ends && hasRest())) {
        return -1;
      }
      ByteArrayOutputStream next = new ByteArrayOutputStream();
      if (read < 0) {
        rest(next);
      } else if (kind == Kind.UNKNOWN) {
        begin(read, next);
      } else {
        lines(buffer, read, next);
      }
      out = next.toByteArray();
      at = 0;
    }
    int count = Math.min(length, out.length - at);
    System.arraycopy(out, at, into, offset, count);
    at += count;
    return count;
  }

  private boolean hasRest() {
    return line.size() > 0 || !parts.isEmpty();
  }

  /** Finds out whether the text has the format, once its first line or enough of it is there. */
  private void begin(int read, ByteArrayOutputStream next) {
    line.write(buffer, 0, read);
    byte[] begun = line.toByteArray();
    if (begun.length < LONGEST_HEAD
        && line.toString(StandardCharsets.ISO_8859_1).indexOf('\n') < 0) {
      return;
    }
    line.reset();
    if (head(begun, begun.length).lookingAt()) {
      kind = Kind.JOINED;
      lines(begun, begun.length, next);
    } else {
      kind = Kind.OTHER;
      next.writeBytes(begun);
    }
  }

  private static Matcher head(byte[] text, int length) {
    return HEAD.matcher(
        new String(text, 0, Math.min(length, LONGEST_HEAD), StandardCharsets.ISO_8859_1));
  }

  private void lines(byte[] bytes, int count, ByteArrayOutputStream next) {
    int from = 0;
    for (int i = 0; i < count; i++) {
      if (bytes[i] == '\n') {
        line.write(bytes, from, i - from);
        line(next);
        from = i + 1;
      }
    }
    line.write(bytes, from, count - from);
    if (line.size() > MOST) {
      next.writeBytes(line.toByteArray());
      line.reset();
    }
  }

  private void line(ByteArrayOutputStream next) {
    byte[] text = line.toByteArray();
    line.reset();
    Matcher head = head(text, text.length);
    if (!head.lookingAt()) {
      next.writeBytes(text);
      next.write('\n');
      return;
    }
    Parts begun = parts.computeIfAbsent(head.group(1), _ -> new Parts());
    int from = begun.count == 0 ? 0 : head.end();
    begun.text.write(text, from, text.length - from);
    begun.count++;
    if (head.group(2).equals("F") || begun.text.size() > MOST) {
      parts.remove(head.group(1));
      write(begun, next);
    }
  }

  private static void write(Parts whole, ByteArrayOutputStream next) {
    next.writeBytes(whole.text.toByteArray());
    next.writeBytes("\n".repeat(whole.count).getBytes(StandardCharsets.US_ASCII));
  }

  private void rest(ByteArrayOutputStream next) {
    parts.values().forEach(begun -> write(begun, next));
    parts.clear();
    next.writeBytes(line.toByteArray());
    line.reset();
  }
}
