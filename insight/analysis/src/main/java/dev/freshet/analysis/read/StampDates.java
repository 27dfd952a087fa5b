package dev.freshet.analysis.read;

import java.time.LocalDate;
import java.util.stream.DoubleStream;

/**
 * Completes the times of one log whose prefixes do not all have a full date: a time gets the date
 * that puts it nearest to the last time before it that has more of the date. Owned by one thread.
 */
final class StampDates {
  private static final double DAY_MS = 86_400_000;

  private Stamp newest = Stamp.NONE;

  /** The time, with as much of the date as is known so far. */
  Stamp completed(Stamp stamp) {
    if (!stamp.known()) {
      return stamp;
    }
    if (!newest.known() || stamp.date().compareTo(newest.date()) >= 0) {
      newest = stamp;
      return stamp;
    }
    double millis =
        switch (stamp.date()) {
          case NONE -> atNearestDay(stamp.millis());
          case DAY, YEAR -> inNearestYear(stamp.millis());
        };
    return new Stamp(millis, stamp.zoned(), newest.date());
  }

  private double atNearestDay(double timeOfDay) {
    return timeOfDay + Math.rint((newest.millis() - timeOfDay) / DAY_MS) * DAY_MS;
  }

  private double inNearestYear(double in1970) {
    LocalDate day = LocalDate.ofEpochDay((long) Math.floor(in1970 / DAY_MS));
    double timeOfDay = in1970 - day.toEpochDay() * DAY_MS;
    int year = LocalDate.ofEpochDay((long) Math.floor(newest.millis() / DAY_MS)).getYear();
    return DoubleStream.of(year - 1, year, year + 1)
        .map(y -> day.withYear((int) y).toEpochDay() * DAY_MS + timeOfDay)
        .reduce((a, b) -> Math.abs(a - newest.millis()) <= Math.abs(b - newest.millis()) ? a : b)
        .orElseThrow();
  }
}
