package dev.freshet.text.template;

import java.math.BigInteger;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Numbers in texts, as Python's {@code int} and {@code float} read them. */
final class NumberText {
  private static final int MOST_DIGITS = 4_000;
  private static final Pattern UNDERSCORES = Pattern.compile("[0-9A-Za-z]+(?:_[0-9A-Za-z]+)*");
  private static final Pattern FLOAT =
      Pattern.compile(
          "[+-]?(?:(?:\\d+(?:_\\d+)*\\.?(?:\\d+(?:_\\d+)*)?|\\.\\d+(?:_\\d+)*)"
              + "(?:[eE][+-]?\\d+(?:_\\d+)*)?)");

  private NumberText() {}

  /** The int that a text writes in a base, or null if it writes none. */
  static @Nullable Object integer(String text, int base) {
    if (base != 0 && (base < 2 || base > Character.MAX_RADIX)) {
      return null;
    }
    String number = ascii(Characters.strip(text));
    boolean negative = number.startsWith("-");
    String digits = negative || number.startsWith("+") ? number.substring(1) : number;
    int radix = base;
    int prefixed = prefixRadix(digits);
    if (prefixed != 0 && (base == 0 || base == prefixed)) {
      radix = prefixed;
      digits = digits.substring(digits.startsWith("_", 2) ? 3 : 2);
    } else if (base == 0) {
      radix = 10;
      if (digits.startsWith("0") && !digits.replace("_", "").matches("0+")) {
        return null;
      }
    }
    if (digits.length() > MOST_DIGITS || !UNDERSCORES.matcher(digits).matches()) {
      return null;
    }
    String plain = digits.replace("_", "");
    for (int i = 0; i < plain.length(); i++) {
      if (Character.digit(plain.charAt(i), radix) < 0) {
        return null;
      }
    }
    BigInteger value = new BigInteger(plain, radix);
    return Numbers.normal(negative ? value.negate() : value);
  }

  private static int prefixRadix(String digits) {
    return switch (digits.length() > 2 ? digits.substring(0, 2).toLowerCase(Locale.ROOT) : "") {
      case "0x" -> 16;
      case "0o" -> 8;
      case "0b" -> 2;
      default -> 0;
    };
  }

  /** The float that a text writes, or null if it writes none. */
  static @Nullable Double floating(String text) {
    String number = ascii(Characters.strip(text));
    String bare = number.toLowerCase(Locale.ROOT);
    String unsigned = bare.startsWith("-") || bare.startsWith("+") ? bare.substring(1) : bare;
    if (unsigned.equals("inf") || unsigned.equals("infinity")) {
      return bare.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
    }
    if (unsigned.equals("nan")) {
      return Double.NaN;
    }
    return number.length() <= MOST_DIGITS && FLOAT.matcher(number).matches()
        ? Double.valueOf(number.replace("_", ""))
        : null;
  }

  /** Decimal digits of any script as those of ASCII. */
  private static String ascii(String text) {
    if (text.chars().allMatch(c -> c < 0x80)) {
      return text;
    }
    StringBuilder ascii = new StringBuilder();
    text.codePoints()
        .forEach(
            c -> {
              if (Character.isDigit(c)) {
                ascii.append(Character.digit(c, 10));
              } else {
                ascii.appendCodePoint(c);
              }
            });
    return ascii.toString();
  }
}
