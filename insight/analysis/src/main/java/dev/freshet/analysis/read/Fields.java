package dev.freshet.analysis.read;

import java.util.Arrays;

/**
 * The {@code key=value} fields of a line after the name of the event; reused for line after line.
 * The first of several fields with the same key counts, and of more than 64 fields the first 64.
 * The last field of an incomplete line is skipped unless its value has all decimals of the format.
 * A figure outside its bounds counts as impossible.
 */
final class Fields {
  private static final double[] POWERS = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
  private static final int MOST = 64;

  private final int[] starts = new int[MOST];
  private final int[] ends = new int[MOST];
  private String text = "";
  private int count;
  private boolean impossible;

  /**
   * Starts another line.
   *
   * @param whole whether the line ends where the text does
   */
  void of(String line, int from, boolean whole) {
    text = line;
    count = 0;
    impossible = false;
    int at = from;
    while (at < text.length() && count < MOST) {
      int end = tokenEnd(text, at);
      if (end > at && (end < text.length() || whole || isComplete(text.substring(at, end)))) {
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

  /** Whether a field is certainly complete: 6 decimals of a time, 1 of another figure. */
  private static boolean isComplete(String field) {
    int point = field.lastIndexOf('.');
    int decimals = point < 0 ? 0 : field.length() - point - 1;
    return field.startsWith("t=")
        ? decimals == 6
        : decimals == 1 && (field.contains("_ms=") || field.startsWith("trunc_pct="));
  }

  /** Whether a figure was outside its bounds. */
  boolean impossible() {
    return impossible;
  }

  /** A field's value; empty if there is none. */
  String text(String key) {
    int i = find(key);
    return i < 0 ? "" : text.substring(starts[i] + key.length() + 1, ends[i]);
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
    double value = number(starts[i] + key.length() + 1, ends[i]);
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
  private double number(int from, int to) {
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
        return slowNumber(text.substring(from, to));
      }
    }
    int figures = to - first - (decimals < 0 ? 0 : 1);
    if (figures < 1 || figures > 15 || decimals >= POWERS.length) {
      return slowNumber(text.substring(from, to));
    }
    double magnitude = digits / POWERS[Math.max(0, decimals)]; // Both exact, so rounded once.
    return negative ? -magnitude : magnitude;
  }

  private static double slowNumber(String number) {
    if (number.isEmpty() || number.chars().anyMatch(c -> "0123456789.eE+-".indexOf(c) < 0)) {
      return Double.NaN;
    }
    try {
      return Double.parseDouble(number);
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  @Override
  public String toString() {
    return "fields%s of %s".formatted(Arrays.toString(Arrays.copyOf(starts, count)), text);
  }
}
