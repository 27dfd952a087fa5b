package dev.freshet.text.template;

import java.time.LocalDateTime;
import java.time.format.TextStyle;
import java.time.temporal.ChronoField;
import java.time.temporal.ChronoUnit;
import java.time.temporal.IsoFields;
import java.util.Locale;

/** Dates in the notation of C's {@code strftime}, in the C locale, without a time zone. */
final class Strftime {
  private Strftime() {}

  static String format(LocalDateTime time, String format) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%') {
        text.append(c);
        continue;
      }
      boolean bare = format.startsWith("-", i + 1);
      i += bare ? 2 : 1;
      if (i >= format.length()) {
        throw TemplateException.failed("strftime_now: incomplete directive in '%s'", format);
      }
      String field = field(time, format.charAt(i));
      text.append(bare ? withoutPadding(field) : field);
    }
    return text.toString();
  }

  private static String withoutPadding(String field) {
    int start = 0;
    while (start < field.length() - 1 && "0 ".indexOf(field.charAt(start)) >= 0) {
      start++;
    }
    return field.substring(start);
  }

  private static String field(LocalDateTime t, char directive) {
    int hour12 = t.get(ChronoField.CLOCK_HOUR_OF_AMPM);
    return switch (directive) {
      case 'a' -> t.getDayOfWeek().getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
      case 'A' -> t.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
      case 'b', 'h' -> t.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH).substring(0, 3);
      case 'B' -> t.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
      case 'c' -> format(t, "%a %b %e %H:%M:%S %Y");
      case 'C' -> padded(t.getYear() / 100, 2);
      case 'd' -> padded(t.getDayOfMonth(), 2);
      case 'D', 'x' -> format(t, "%m/%d/%y");
      case 'e' -> blanks(t.getDayOfMonth());
      case 'f' -> padded(t.getNano() / 1_000, 6);
      case 'F' -> format(t, "%Y-%m-%d");
      case 'G' -> Integer.toString(t.get(IsoFields.WEEK_BASED_YEAR));
      case 'g' -> padded(t.get(IsoFields.WEEK_BASED_YEAR) % 100, 2);
      case 'H' -> padded(t.getHour(), 2);
      case 'I' -> padded(hour12, 2);
      case 'j' -> padded(t.getDayOfYear(), 3);
      case 'k' -> blanks(t.getHour());
      case 'l' -> blanks(hour12);
      case 'm' -> padded(t.getMonthValue(), 2);
      case 'M' -> padded(t.getMinute(), 2);
      case 'n' -> "\n";
      case 'p' -> t.getHour() < 12 ? "AM" : "PM";
      case 'P' -> t.getHour() < 12 ? "am" : "pm";
      case 'r' -> format(t, "%I:%M:%S %p");
      case 'R' -> format(t, "%H:%M");
      case 'S' -> padded(t.getSecond(), 2);
      case 't' -> "\t";
      case 'T', 'X' -> format(t, "%H:%M:%S");
      case 'u' -> Integer.toString(t.getDayOfWeek().getValue());
      case 'U' -> padded(week(t, 0), 2);
      case 'V' -> padded(t.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR), 2);
      case 'w' -> Integer.toString(t.getDayOfWeek().getValue() % 7);
      case 'W' -> padded(week(t, 1), 2);
      case 'y' -> padded(t.getYear() % 100, 2);
      case 'Y' -> Integer.toString(t.getYear());
      case 'z', 'Z' -> "";
      case '%' -> "%";
      default ->
          throw TemplateException.unsupported(
              "directive '%%%c' of strftime_now".formatted(directive));
    };
  }

  /** The number of the week, if weeks begin on a Sunday (0) or Monday (1). */
  private static int week(LocalDateTime t, int first) {
    int weekday = Math.floorMod(t.getDayOfWeek().getValue() - first, 7);
    long day = ChronoUnit.DAYS.between(t.toLocalDate().withDayOfYear(1), t.toLocalDate());
    return (int) (day + 7 - weekday) / 7;
  }

  private static String padded(int number, int digits) {
    return String.format(Locale.ROOT, "%0" + digits + "d", number);
  }

  private static String blanks(int number) {
    return String.format(Locale.ROOT, "%2d", number);
  }
}
