package dev.freshet.trace;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * Builds one line of the log format. It does not use a formatter, which takes many times as long,
 * because lines are written while an admin call waits.
 */
final class Line {
  private static final Pattern TAG = Pattern.compile("\\[(?:" + FreeText.TAG_NAMES + ")]");

  private static final HexFormat HEX = HexFormat.of().withUpperCase();

  private final StringBuilder text;

  /** A line that begins with the tag and, if there is one, the event's name. */
  Line(String tag) {
    this.text = new StringBuilder(160).append(tag);
  }

  /** A line of an admin call. */
  static Line weights(TraceId trace, String event) {
    return new Line("[weights][" + trace.hex() + "] " + event);
  }

  /**
   * Appends a value; white space, control characters, quotation marks and the bracket of a tag in
   * it are percent-encoded.
   */
  Line field(String key, String value) {
    text.append(' ').append(key).append('=');
    for (int i = 0; i < value.length(); i += Character.charCount(value.codePointAt(i))) {
      int c = value.codePointAt(i);
      if (isEncoded(c) || (c == '[' && beginsTag(value, i))) {
        for (byte b : Character.toString(c).getBytes(StandardCharsets.UTF_8)) {
          text.append('%').append(HEX.toHexDigits(b));
        }
      } else {
        text.appendCodePoint(c);
      }
    }
    return this;
  }

  private static boolean isEncoded(int c) {
    return Character.isWhitespace(c)
        || Character.isSpaceChar(c)
        || Character.isISOControl(c)
        || c == '"';
  }

  private static boolean beginsTag(String value, int bracket) {
    return TAG.matcher(value).region(bracket, value.length()).lookingAt();
  }

  /** Appends a whole number. */
  Line count(String key, long value) {
    text.append(' ').append(key).append('=').append(value);
    return this;
  }

  /** Appends a figure with one decimal. */
  Line ms(String key, double value) {
    return tenths(key, tenths(value));
  }

  /** Appends a figure given in tenths. */
  Line tenths(String key, long tenths) {
    text.append(' ').append(key).append('=');
    decimal(tenths, 10, 1);
    return this;
  }

  /** Appends a time in nanoseconds as seconds with six decimals. */
  Line seconds(String key, long nanos) {
    text.append(' ').append(key).append('=');
    decimal(Math.floorDiv(nanos + 500, 1000), 1_000_000, 6);
    return this;
  }

  private void decimal(long scaled, long scale, int digits) {
    long magnitude = Math.abs(scaled);
    String fraction = Long.toString(magnitude % scale);
    text.append(scaled < 0 ? "-" : "")
        .append(magnitude / scale)
        .append('.')
        .repeat('0', digits - fraction.length())
        .append(fraction);
  }

  /** Rounded to tenths. */
  static long tenths(double value) {
    return Math.round(value * 10);
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
