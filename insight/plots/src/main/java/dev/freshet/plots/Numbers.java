package dev.freshet.plots;

import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.Locale;

/** Formats numbers for reports, the same in every locale. */
public final class Numbers {
  private Numbers() {}

  /** Two decimals below ten, one below a thousand, none above; a dash for NaN. */
  public static String rounded(double value) {
    if (Double.isNaN(value)) {
      return "-";
    }
    double size = Math.abs(value);
    return String.format(Locale.ROOT, size < 10 ? "%.2f" : size < 1000 ? "%.1f" : "%,.0f", value);
  }

  /** Up to nine decimals, without trailing zeros. */
  public static String exact(double value) {
    return new DecimalFormat("#,##0.#########", DecimalFormatSymbols.getInstance(Locale.ROOT))
        .format(value + 0.0);
  }
}
