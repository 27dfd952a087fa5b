package dev.freshet.text.template;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/**
 * The size of a float in the notations of {@code %f}, {@code %e} and {@code %g}, rounded exactly,
 * half to even. Signs are the caller's.
 */
final class FloatNotation {
  /** The most digits after the point. */
  private static final int MOST_DIGITS = 1_000;

  private FloatNotation() {}

  /**
   * @param notation one of {@code eEfFgG}
   * @param alternate keeps the zeros at the end that {@code g} drops
   */
  static String of(double size, char notation, int precision, boolean alternate) {
    if (precision > MOST_DIGITS) {
      throw new TemplateException(
          TemplateException.Kind.LIMIT,
          "a precision of %d: expected at most %d".formatted(precision, MOST_DIGITS),
          0);
    }
    String text =
        !Double.isFinite(size)
            ? Double.isNaN(size) ? "nan" : "inf"
            : switch (Character.toLowerCase(notation)) {
              case 'f' -> fixed(size, precision);
              case 'e' -> scientific(size, precision);
              default -> general(size, precision, alternate, 0);
            };
    return Character.isUpperCase(notation) ? text.toUpperCase(Locale.ROOT) : text;
  }

  private static String fixed(double size, int precision) {
    return new BigDecimal(size).setScale(precision, RoundingMode.HALF_EVEN).toPlainString();
  }

  private static BigDecimal rounded(double size, int digits) {
    return new BigDecimal(size).round(new MathContext(digits, RoundingMode.HALF_EVEN));
  }

  private static int exponent(BigDecimal value) {
    return value.signum() == 0 ? 0 : value.precision() - value.scale() - 1;
  }

  private static String scientific(double size, int precision) {
    BigDecimal value = rounded(size, precision + 1);
    String digits = value.signum() == 0 ? "0" : value.unscaledValue().toString();
    digits += "0".repeat(Math.max(0, precision + 1 - digits.length()));
    digits = digits.substring(0, precision + 1);
    String point = precision > 0 ? "." + digits.substring(1) : "";
    return digits.charAt(0) + point + exponent(exponent(value));
  }

  private static String exponent(int exponent) {
    return String.format(Locale.ROOT, "e%s%02d", exponent < 0 ? "-" : "+", Math.abs(exponent));
  }

  /**
   * @param early by how much sooner than {@code %g} the exponent is used
   */
  private static String general(double size, int precision, boolean alternate, int early) {
    int digits = Math.max(1, precision);
    int exponent = exponent(rounded(size, digits));
    if (exponent < -4 || exponent >= digits - early) {
      String text = scientific(size, digits - 1);
      int mark = text.indexOf('e');
      return (alternate ? text.substring(0, mark) : trimmed(text.substring(0, mark)))
          + text.substring(mark);
    }
    String text = fixed(size, digits - 1 - exponent);
    return alternate ? text : trimmed(text);
  }

  /** As {@code str} writes it, with at most {@code precision} digits. */
  static String shortened(double size, int precision) {
    if (!Double.isFinite(size)) {
      return of(size, 'f', 0, false);
    }
    String text = general(size, precision, false, 1);
    return text.indexOf('e') >= 0 || text.indexOf('.') >= 0 ? text : text + ".0";
  }

  private static String trimmed(String text) {
    if (text.indexOf('.') < 0) {
      return text;
    }
    int end = text.length();
    while (text.charAt(end - 1) == '0') {
      end--;
    }
    return text.substring(0, text.charAt(end - 1) == '.' ? end - 1 : end);
  }
}
