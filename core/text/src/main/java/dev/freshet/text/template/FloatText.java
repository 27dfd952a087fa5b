package dev.freshet.text.template;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Comparator;
import java.util.Locale;
import java.util.stream.Stream;

/** A float as Python's {@code repr} writes it: the fewest digits that read back as the same. */
final class FloatText {
  private FloatText() {}

  static String of(double value) {
    if (Double.isNaN(value)) {
      return "nan";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "inf" : "-inf";
    }
    String sign = value < 0 || (value == 0 && 1 / value < 0) ? "-" : "";
    double size = Math.abs(value);
    if (size == 0) {
      return sign + "0.0";
    }
    BigDecimal shortest = shortest(size);
    String digits = shortest.unscaledValue().toString();
    int exponent = digits.length() - shortest.scale() - 1;
    return sign
        + (exponent < -4 || exponent >= 16
            ? scientific(digits, exponent)
            : positional(digits, exponent));
  }

  private static String positional(String digits, int exponent) {
    if (exponent < 0) {
      return "0." + "0".repeat(-exponent - 1) + digits;
    }
    int whole = exponent + 1;
    return digits.length() <= whole
        ? digits + "0".repeat(whole - digits.length()) + ".0"
        : digits.substring(0, whole) + "." + digits.substring(whole);
  }

  private static String scientific(String digits, int exponent) {
    String rest = digits.length() > 1 ? "." + digits.substring(1) : "";
    return digits.charAt(0)
        + rest
        + String.format(Locale.ROOT, "e%s%02d", exponent < 0 ? "-" : "+", Math.abs(exponent));
  }

  /** Java writes at least two digits; one may be enough. */
  private static BigDecimal shortest(double size) {
    BigDecimal decimal = new BigDecimal(Double.toString(size)).stripTrailingZeros();
    if (decimal.precision() != 2) {
      return decimal;
    }
    BigDecimal exact = new BigDecimal(size);
    return Stream.of(RoundingMode.DOWN, RoundingMode.UP)
        .map(mode -> decimal.round(new MathContext(1, mode)))
        .filter(digit -> digit.doubleValue() == size)
        .min(Comparator.comparing(digit -> digit.subtract(exact).abs()))
        .orElse(decimal)
        .stripTrailingZeros();
  }
}
