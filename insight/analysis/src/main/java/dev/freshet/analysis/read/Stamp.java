package dev.freshet.analysis.read;

/**
 * The time of day in a line's prefix.
 *
 * @param millis since the epoch; NaN if the prefix has no time. Without a zone it is read as UTC,
 *     without a year as in 1970, without a date as on the epoch's first day
 * @param zoned whether the zone is known, so that the times of two hosts may be compared
 * @param date how much of the date is known
 */
public record Stamp(double millis, boolean zoned, Date date) {
  /** How much of a date is known. */
  public enum Date {
    NONE,
    DAY,
    YEAR
  }

  /** A line without a time. */
  public static final Stamp NONE = new Stamp(Double.NaN, false, Date.NONE);

  /** Whether there is a time. */
  public boolean known() {
    return !Double.isNaN(millis);
  }
}
