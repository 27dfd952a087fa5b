package dev.freshet.text.template;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Python's format specification, as in {@code '{:>8.2f}'}: fill, alignment, sign, width, grouping,
 * precision and type.
 *
 * @param align one of {@code <>=^}, or a blank if none is given
 * @param precision -1 if none is given
 * @param type a blank if none is given
 */
record FormatSpec(
    String fill,
    char align,
    char sign,
    boolean alternate,
    int width,
    char grouping,
    int precision,
    char type) {
  private static final Pattern SPEC =
      Pattern.compile(
          "(?:(.)?([<>=^]))?([+ -])?(#)?(0)?(\\d{1,9})?([,_])?(?:\\.(\\d{1,9}))?([a-zA-Z%])?",
          Pattern.DOTALL);

  static FormatSpec parse(String text) {
    Matcher m = SPEC.matcher(text);
    if (!m.matches()) {
      throw TemplateException.failed("invalid format specification '%s'", text);
    }
    boolean zeros = m.group(5) != null;
    String fill = m.group(1) != null ? m.group(1) : zeros && m.group(2) == null ? "0" : " ";
    return new FormatSpec(
        zeros && m.group(1) == null ? "0" : fill,
        m.group(2) != null ? m.group(2).charAt(0) : zeros ? '=' : ' ',
        m.group(3) != null ? m.group(3).charAt(0) : '-',
        m.group(4) != null,
        m.group(6) != null ? Integer.parseInt(m.group(6)) : 0,
        m.group(7) != null ? m.group(7).charAt(0) : ' ',
        m.group(8) != null ? Integer.parseInt(m.group(8)) : -1,
        m.group(9) != null ? m.group(9).charAt(0) : ' ');
  }

  static String format(Object value, String text, Budget budget) {
    if (text.isEmpty()) {
      return Repr.str(value, budget);
    }
    FormatSpec spec = parse(text);
    return switch (value) {
      case String s -> spec.string(s, budget);
      case Double d -> spec.floating(d, budget);
      case Object i when Numbers.isInteger(i) -> spec.integer(i, budget);
      default ->
          throw TemplateException.failed(
              "unsupported format specification '%s' for '%s'",
              text, Types.name(Undefined.require(value)));
    };
  }

  private TemplateException unknown(String of) {
    return TemplateException.failed(
        "format specification with type '%c' or option is not valid for '%s'", type, of);
  }

  private String string(String s, Budget budget) {
    boolean plain = sign == '-' && !alternate && grouping == ' ' && align != '=';
    if ((type != 's' && type != ' ') || !plain) {
      throw unknown("str");
    }
    boolean cut = precision >= 0 && precision < Characters.length(s);
    return padded("", cut ? s.substring(0, Characters.offset(s, precision)) : s, '<', budget);
  }

  private String integer(Object value, Budget budget) {
    if ("eEfFgG%".indexOf(type) >= 0) {
      return floating(Numbers.floating(value), budget);
    }
    int radix =
        switch (type) {
          case ' ', 'd', 'n' -> 10;
          case 'b' -> 2;
          case 'o' -> 8;
          case 'x', 'X' -> 16;
          case 'c' -> 0;
          default -> throw unknown("int");
        };
    if (precision >= 0) {
      throw TemplateException.failed("precision not allowed in an integer format specification");
    }
    if (radix == 0) {
      return padded("", character(Numbers.index(value)), '<', budget);
    }
    boolean negative = Numbers.big(value).signum() < 0;
    String digits = Numbers.big(value).abs().toString(radix);
    String prefix = alternate && radix != 10 ? "0" + Character.toLowerCase(type) : "";
    String grouped = grouped(digits, radix == 10 ? 3 : 4);
    return type == 'X'
        ? padded(
            signOf(negative) + prefix.toUpperCase(Locale.ROOT),
            grouped.toUpperCase(Locale.ROOT),
            '>',
            budget)
        : padded(signOf(negative) + prefix, grouped, '>', budget);
  }

  private static String character(int number) {
    if (!Character.isValidCodePoint(number)) {
      throw TemplateException.failed("%%c arg not in range(0x110000): %d", number);
    }
    return Character.toString(number);
  }

  private String floating(double value, Budget budget) {
    boolean negative = value < 0 || (value == 0 && 1 / value < 0);
    double size = Math.abs(value);
    String text =
        switch (type) {
          case 'e', 'E', 'f', 'F', 'g', 'G' ->
              FloatNotation.of(size, type, precision < 0 ? 6 : precision, alternate);
          case 'n' -> FloatNotation.of(size, 'g', precision < 0 ? 6 : precision, alternate);
          case '%' -> FloatNotation.of(size * 100, 'f', precision < 0 ? 6 : precision, false) + "%";
          case ' ' -> precision < 0 ? FloatText.of(size) : FloatNotation.shortened(size, precision);
          default -> throw unknown("float");
        };
    int whole = 0;
    while (whole < text.length() && Character.isDigit(text.charAt(whole))) {
      whole++;
    }
    String grouped = grouped(text.substring(0, whole), 3) + text.substring(whole);
    return padded(signOf(negative), grouped, '>', budget);
  }

  private String signOf(boolean negative) {
    return negative ? "-" : sign == '-' ? "" : String.valueOf(sign);
  }

  private String grouped(String digits, int size) {
    if (grouping == ' ') {
      return digits;
    }
    if (align == '=' && fill.equals("0")) {
      throw TemplateException.unsupported("a format specification with zeros and grouping");
    }
    StringBuilder grouped = new StringBuilder(digits);
    for (int i = digits.length() - size; i > 0; i -= size) {
      grouped.insert(i, grouping);
    }
    return grouped.toString();
  }

  private String padded(String prefix, String text, char usual, Budget budget) {
    int missing = width - Characters.length(prefix) - Characters.length(text);
    if (missing <= 0) {
      return prefix + text;
    }
    budget.text(width);
    return switch (align == ' ' ? usual : align) {
      case '<' -> prefix + text + fill.repeat(missing);
      case '>' -> fill.repeat(missing) + prefix + text;
      case '=' -> prefix + fill.repeat(missing) + text;
      default -> fill.repeat(missing / 2) + prefix + text + fill.repeat(missing - missing / 2);
    };
  }
}
