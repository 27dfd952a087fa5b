package dev.freshet.analysis;

import java.util.Locale;

/** Figures in sentences. */
final class Text {
  private Text() {}

  /** A duration: two decimals below 10 ms, one below 100, none above. */
  static String ms(double ms) {
    String format = ms < 10 ? "%.2f ms" : ms < 100 ? "%.1f ms" : "%,.0f ms";
    return String.format(Locale.ROOT, format, ms);
  }

  /** A share from 0 to 1 in percent. */
  static String percent(double share) {
    double percent = share * 100;
    return String.format(Locale.ROOT, percent > 0 && percent < 10 ? "%.1f %%" : "%.0f %%", percent);
  }

  /** A step by its number, if that is known. */
  static String step(double step) {
    return Double.isNaN(step) ? "a step" : String.format(Locale.ROOT, "step %.0f", step);
  }

  static String count(long count, String one) {
    return String.format(Locale.ROOT, "%,d %s%s", count, one, count == 1 ? "" : "s");
  }

  static String of(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }
}
