package dev.freshet.plots;

import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.Locale;

/** Numbers as reports write them, whatever the machine's language. */
public final class Numbers {
  private Numbers() {}

  /** Two decimals below ten, one below a thousand, none above; a dash if it is not known. */
  public static String rounded(double value) {
    if (Double.isNaN(value)) {
      return "-";
    }
    double size = Math.abs(value);
    return String.format(Locale.ROOT, size < 10 ? "%.2f" : size < 1000 ? "%.1f" : "%,.0f", value);
  }

  /** As it is, to nine decimals, without zeros at its end. */
  public static String exact(double value) {
    return new DecimalFormat("#,##0.#########", DecimalFormatSymbols.getInstance(Locale.ROOT))
        .format(value + 0.0);
  }
}
