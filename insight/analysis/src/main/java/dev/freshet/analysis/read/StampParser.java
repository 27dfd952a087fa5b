package dev.freshet.analysis.read;

/**
 * Finds the time of day in the text before a tag; of several, the one nearest to the tag, because a
 * collector prepends its own: {@code 2026-01-02T03:04:05.678Z} (or with an offset; with a space,
 * slashes, a comma, no fraction), {@code 01-02 03:04:05}, {@code 03:04:05.678}, or seconds since
 * the epoch as {@code 1767323045.678}.
 */
final class StampParser {
  private static final double DAY_MS = 86_400_000;

  /** 1970-01-01 in days from the 1st of March of the year 0. */
  private static final long EPOCH = 719_468;

  private final String text;
  private final int end;
  private int at;

  private StampParser(String text, int from, int to) {
    this.text = text;
    this.at = from;
    this.end = to;
  }

  /** The time in {@code [from, to)} of a text. */
  static Stamp parse(String text, int from, int to) {
    Stamp last = Stamp.NONE;
    int i = from;
    while (i < to) {
      if (isDigit(text.charAt(i)) && (i == from || !isDigit(text.charAt(i - 1)))) {
        StampParser parser = new StampParser(text, i, to);
        Stamp stamp = parser.stamp();
        if (stamp.known()) {
          last = stamp;
          i = parser.at;
          continue;
        }
      }
      i++;
    }
    return last;
  }

  private Stamp stamp() {
    int start = at;
    long first = digits();
    int width = at - start;
    if (width == 10 && peek('.')) {
      return new Stamp(first * 1000.0 + fractionMs(), true, Stamp.Date.YEAR);
    }
    if (width == 2 && peek(':')) {
      at = start;
      return clock(0, Stamp.Date.NONE);
    }
    if (width == 4 && (peek('-') || peek('/'))) {
      at++;
      return date(first, Stamp.Date.YEAR);
    }
    if (width == 2 && (peek('-') || peek('/'))) {
      at = start;
      return date(1970, Stamp.Date.DAY);
    }
    return Stamp.NONE;
  }

  private Stamp date(long year, Stamp.Date known) {
    long month = digits();
    if (!(peek('-') || peek('/'))) {
      return Stamp.NONE;
    }
    at++;
    long day = digits();
    if (!(peek('T') || peek(' ')) || month < 1 || month > 12 || year < 1) {
      return Stamp.NONE;
    }
    at++;
    return day < 1 || day > 31 ? Stamp.NONE : clock(epochDay(year, month, day) * DAY_MS, known);
  }

  /** Days since the epoch, in the Gregorian calendar; years begin in March here. */
  private static long epochDay(long year, long month, long day) {
    long y = month > 2 ? year : year - 1;
    long leaps = Math.floorDiv(y, 4L) - Math.floorDiv(y, 100L) + Math.floorDiv(y, 400L);
    long dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    return y * 365 + leaps + dayOfYear - EPOCH;
  }

  private Stamp clock(double dayMs, Stamp.Date date) {
    int start = at;
    long hour = digits();
    if (at - start != 2 || !peek(':')) {
      return Stamp.NONE;
    }
    at++;
    long minute = digits();
    if (at - start != 5 || !peek(':')) {
      return Stamp.NONE;
    }
    at++;
    long second = digits();
    if (at - start != 8 || hour > 23 || minute > 59 || second > 60) {
      return Stamp.NONE;
    }
    double fraction = peek('.') || peek(',') ? fractionMs() : 0;
    return zone(dayMs + ((hour * 60 + minute) * 60 + second) * 1000.0 + fraction, date);
  }

  /** Skips the separator and reads the decimals of a second, in milliseconds. */
  private double fractionMs() {
    at++;
    double weight = 100;
    double ms = 0;
    while (at < end && isDigit(text.charAt(at))) {
      ms += (text.charAt(at++) - '0') * weight;
      weight /= 10;
    }
    return ms;
  }

  private Stamp zone(double millis, Stamp.Date date) {
    if (peek('Z')) {
      return new Stamp(millis, true, date);
    }
    if (!(peek('+') || peek('-'))) {
      return new Stamp(millis, false, date);
    }
    int sign = text.charAt(at++) == '-' ? -1 : 1;
    int start = at;
    long hours = digits();
    long minutes = 0;
    if (at - start == 4) {
      minutes = hours % 100;
      hours /= 100;
    } else if (at - start == 2 && peek(':')) {
      at++;
      minutes = digits();
    } else if (at - start != 2) {
      return new Stamp(millis, false, date);
    }
    return new Stamp(millis - sign * (hours * 60 + minutes) * 60_000.0, true, date);
  }

  private boolean peek(char c) {
    return at < end && text.charAt(at) == c;
  }

  /** The digits that stand here, at most ten of them. */
  private long digits() {
    long value = 0;
    int most = at + 10;
    while (at < end && at < most && isDigit(text.charAt(at))) {
      value = value * 10 + text.charAt(at++) - '0';
    }
    return value;
  }

  private static boolean isDigit(char b) {
    return b >= '0' && b <= '9';
  }
}
