package dev.freshet.analysis.read;

import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The {@code key=value} fields of an event after its name; reused for event after event. The first
 * of several fields with the same key counts, and of more than 64 fields the first 64. A figure
 * outside its bounds counts as impossible.
 *
 * <p>A value ends at the next space. A figure also ends at a quotation mark, a bracket or other
 * punctuation, as where the line was quoted by the program that wrote it, and, if it has the
 * decimals of the format, at a letter, as where another record follows without a space. Where the
 * text was cut off, its last field is skipped unless its value has all decimals of the format.
 */
final class Fields {
  private static final double[] POWERS = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
  private static final int MOST = 64;
  private static final Pattern FIGURE =
      Pattern.compile("[+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?");
  private static final Pattern TENTHS = Pattern.compile("[+-]?\\d+\\.\\d");
  private static final Pattern SECONDS = Pattern.compile("[+-]?\\d+\\.\\d{6}");
  private static final String NUMERIC = "0123456789.eE+-";
  private static final String AFTER_FIGURE = "\"'`\\,;)}]>|<[{(";
  private static final Pattern QUOTED = Pattern.compile("(?:\\\\[nrt]|\\\\)*\".*|'[\\]'})>,;]*\\z");

  /** What follows the text of an event. */
  enum End {
    /** The end of its line. */
    LINE,
    /** Another event, without a space between them. */
    EVENT,
    /** Nothing: the line is incomplete or too long. */
    CUT
  }

  private final int[] starts = new int[MOST];
  private final int[] ends = new int[MOST];
  private String text = "";
  private int count;
  private boolean impossible;

  /**
   * Starts another event.
   *
   * @param after what follows the text
   */
  void of(String line, int from, End after) {
    text = line;
    count = 0;
    impossible = false;
    int at = from;
    while (at < text.length() && count < MOST) {
      int end = tokenEnd(text, at);
      if (end > at && (end < text.length() || isComplete(text.substring(at, end), after))) {
        starts[count] = at;
        ends[count++] = end;
      }
      at = end + 1;
    }
  }

  /** The end of the run of visible characters that begins at {@code at}. */
  static int tokenEnd(String text, int at) {
    int end = at;
    while (end < text.length() && text.charAt(end) > ' ') {
      end++;
    }
    return end;
  }

  private static boolean isComplete(String field, End after) {
    int expected = decimals(field.substring(0, Math.max(0, field.indexOf('='))));
    int point = field.lastIndexOf('.');
    return switch (after) {
      case LINE -> true;
      case EVENT -> expected == 0 || hasDecimals(field, point, expected);
      case CUT -> expected > 0 && hasDecimals(field, point, expected);
    };
  }

  private static boolean hasDecimals(String field, int point, int expected) {
    return point >= 0 && field.length() - point - 1 == expected;
  }

  /** The decimals of a figure in the format: 6 of a time, 1 of a duration or a percentage. */
  private static int decimals(String key) {
    return key.equals("t") ? 6 : key.endsWith("_ms") || key.equals("trunc_pct") ? 1 : 0;
  }

  /** Whether a figure was outside its bounds. */
  boolean impossible() {
    return impossible;
  }

  /** A field's value; empty if there is none. */
  String text(String key) {
    int i = find(key);
    String value = i < 0 ? "" : text.substring(starts[i] + key.length() + 1, ends[i]);
    return value.indexOf('"') < 0 && value.indexOf('\'') < 0
        ? value
        : QUOTED.matcher(value).replaceFirst("");
  }

  /** A duration in milliseconds: at most 1e9, which is eleven days. */
  double ms(String key) {
    return figure(key, 0, 1e9);
  }

  /** A number of things or a step. */
  double count(String key) {
    return figure(key, 0, 1e12);
  }

  /** Seconds on a monotonic clock, whose origin may be anywhere. */
  double seconds(String key) {
    return figure(key, -1e12, 1e12);
  }

  /** A figure within bounds, else NaN. */
  double figure(String key, double least, double most) {
    int i = find(key);
    if (i < 0) {
      return Double.NaN;
    }
    double value = number(starts[i] + key.length() + 1, ends[i], decimals(key));
    if (value >= least && value <= most) {
      return value;
    }
    impossible = true;
    return Double.NaN;
  }

  private int find(String key) {
    for (int i = 0; i < count; i++) {
      int equals = starts[i] + key.length();
      if (equals < ends[i] && text.charAt(equals) == '=' && text.startsWith(key, starts[i])) {
        return i;
      }
    }
    return -1;
  }

  /** The number in a range of the line; NaN if it is none. */
  private double number(int from, int to, int expected) {
    long digits = 0;
    int decimals = -1;
    boolean negative = from < to && text.charAt(from) == '-';
    int first = negative ? from + 1 : from;
    for (int i = first; i < to; i++) {
      char c = text.charAt(i);
      if (c == '.' && decimals < 0) {
        decimals = 0;
      } else if (c >= '0' && c <= '9') {
        digits = digits * 10 + c - '0';
        decimals += decimals < 0 ? 0 : 1;
      } else {
        return slowNumber(text.substring(from, to), expected);
      }
    }
    int figures = to - first - (decimals < 0 ? 0 : 1);
    if (figures < 1 || figures > 15 || decimals >= POWERS.length) {
      return slowNumber(text.substring(from, to), expected);
    }
    double magnitude = digits / POWERS[Math.max(0, decimals)]; // Both exact, so rounded once.
    return negative ? -magnitude : magnitude;
  }

  private static double slowNumber(String value, int expected) {
    Matcher figure = FIGURE.matcher(value);
    if (!figure.lookingAt()) {
      return Double.NaN;
    }
    int end = figure.end();
    if (end == value.length() || AFTER_FIGURE.indexOf(value.charAt(end)) >= 0) {
      return Double.parseDouble(figure.group());
    }
    Pattern format = expected == 6 ? SECONDS : TENTHS;
    Matcher begins = format.matcher(value);
    boolean another = value.chars().anyMatch(c -> NUMERIC.indexOf(c) < 0);
    return expected > 0 && another && begins.lookingAt()
        ? Double.parseDouble(begins.group())
        : Double.NaN;
  }

  @Override
  public String toString() {
    return "fields%s of %s".formatted(Arrays.toString(Arrays.copyOf(starts, count)), text);
  }
}
