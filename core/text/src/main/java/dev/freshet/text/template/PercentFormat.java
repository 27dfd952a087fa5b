package dev.freshet.text.template;

import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Python's {@code %} operator on texts, as in {@code '%s: %05.1f' % (a, b)}. */
final class PercentFormat {
  private static final Pattern FIELD =
      Pattern.compile(
          "%(?:\\(([^()]*)\\))?([#0 +-]*)(\\*|\\d{1,9})?(?:\\.(\\*|\\d{0,9}))?[hlL]?(.)",
          Pattern.DOTALL);

  private final Object values;
  private final Budget budget;
  private int next;

  private PercentFormat(Object values, Budget budget) {
    this.values = values;
    this.budget = budget;
  }

  static String format(String text, Object values, Budget budget) {
    PercentFormat format = new PercentFormat(values, budget);
    String formatted = format.format(text);
    boolean unused =
        values instanceof Tuple t
            ? format.next < t.items().size()
            : format.next == 0 && !mayBeUnused(values);
    if (unused) {
      throw TemplateException.failed("%%: not all arguments were used by the format");
    }
    return formatted;
  }

  private static boolean mayBeUnused(Object values) {
    return values instanceof Dict || isSequence(values);
  }

  private static boolean isSequence(Object value) {
    return value instanceof List<?> || value instanceof Range || value instanceof Undefined;
  }

  private String format(String text) {
    budget.text(text.length());
    StringBuilder formatted = new StringBuilder();
    int at = 0;
    for (int i = text.indexOf('%'); i >= 0; i = text.indexOf('%', at)) {
      formatted.append(text, at, i);
      Matcher field = FIELD.matcher(text).region(i, text.length());
      if (!field.lookingAt()) {
        throw TemplateException.failed("%%: incomplete format '%s'", text.substring(i));
      }
      formatted.append(field(field));
      budget.step();
      budget.limit(formatted.length());
      at = field.end();
    }
    return formatted.append(text, at, text.length()).toString();
  }

  private String field(Matcher field) {
    char type = field.group(5).charAt(0);
    if (type == '%') {
      return "%";
    }
    String flags = field.group(2);
    int width = field.group(3) == null ? 0 : number(field.group(3));
    int precision = field.group(4) == null ? -1 : number(field.group(4));
    String name = field.group(1);
    Object value = name == null ? next() : named(name);
    boolean left = flags.indexOf('-') >= 0 || width < 0;
    boolean zero = flags.indexOf('0') >= 0 && !left;
    String sign = flags.indexOf('+') >= 0 ? "+" : flags.indexOf(' ') >= 0 ? " " : "";
    String alternate = flags.indexOf('#') >= 0 ? "#" : "";
    return switch (type) {
      case 's', 'r' -> {
        String text = type == 's' ? Repr.str(value, budget) : Repr.repr(value, budget);
        boolean cut = precision >= 0 && precision < Characters.length(text);
        String part = cut ? text.substring(0, Characters.offset(text, precision)) : text;
        yield StringPadding.pad(part, left ? "ljust" : "rjust", Math.abs(width), " ", budget);
      }
      case 'c' ->
          StringPadding.pad(
              character(value), left ? "ljust" : "rjust", Math.abs(width), " ", budget);
      case 'd', 'i', 'u', 'x', 'X', 'o' ->
          number(integer(value, type), type, sign, alternate, left, zero, width, precision);
      case 'e', 'E', 'f', 'F', 'g', 'G' -> {
        double number = Numbers.floating(value);
        boolean negative = number < 0 || (number == 0 && 1 / number < 0);
        String text =
            FloatNotation.of(
                Math.abs(number), type, precision < 0 ? 6 : precision, !alternate.isEmpty());
        yield padded(negative ? "-" : sign, text, left, zero, width);
      }
      default -> throw TemplateException.failed("%%: unsupported format character '%c'", type);
    };
  }

  private int number(String text) {
    return text.equals("*") ? Numbers.index(next()) : text.isEmpty() ? 0 : Integer.parseInt(text);
  }

  private String number(
      Object value,
      char type,
      String sign,
      String alternate,
      boolean left,
      boolean zero,
      int width,
      int precision) {
    int radix = type == 'o' ? 8 : type == 'x' || type == 'X' ? 16 : 10;
    boolean negative = Numbers.big(value).signum() < 0;
    String digits = Numbers.big(value).abs().toString(radix);
    budget.text(Math.max(0, precision));
    digits = "0".repeat(Math.max(0, precision - digits.length())) + digits;
    String prefix = alternate.isEmpty() || radix == 10 ? "" : radix == 8 ? "0o" : "0x";
    String text = prefix + digits;
    boolean upper = type == 'X';
    String before = (negative ? "-" : sign) + (upper ? prefix.toUpperCase(Locale.ROOT) : prefix);
    String body = text.substring(prefix.length());
    return padded(before, upper ? body.toUpperCase(Locale.ROOT) : body, left, zero, width);
  }

  private String padded(String sign, String text, boolean left, boolean zero, int width) {
    int size = Math.abs(width);
    return zero
        ? sign + StringPadding.pad(text, "rjust", size - sign.length(), "0", budget)
        : StringPadding.pad(sign + text, left ? "ljust" : "rjust", size, " ", budget);
  }

  private static Object integer(Object value, char type) {
    if (value instanceof Double d && "diu".indexOf(type) >= 0 && !d.isNaN() && !d.isInfinite()) {
      return Numbers.integer(d);
    }
    if (!Numbers.isInteger(value)) {
      throw TemplateException.failed(
          "%%: %%%c format: an integer is required, not %s",
          type, Types.name(Undefined.require(value)));
    }
    return value;
  }

  private static String character(Object value) {
    if (value instanceof String s && Characters.length(s) == 1) {
      return s;
    }
    if (!Numbers.isInteger(value) || !Character.isValidCodePoint(Numbers.index(value))) {
      throw TemplateException.failed("%%: %%c requires a character");
    }
    return Character.toString(Numbers.index(value));
  }

  private Object next() {
    if (values instanceof Tuple t) {
      if (next >= t.items().size()) {
        throw TemplateException.failed("%%: not enough arguments for the format");
      }
      return t.items().get(next++);
    }
    if (next++ > 0) {
      throw TemplateException.failed("%%: not enough arguments for the format");
    }
    return values;
  }

  private Object named(String name) {
    if (!(values instanceof Dict dict)) {
      throw TemplateException.failed("%%: format requires a mapping");
    }
    Object value = dict.get(name);
    if (value == null) {
      throw TemplateException.failed("%%: the mapping has no key '%s'", name);
    }
    return value;
  }
}
