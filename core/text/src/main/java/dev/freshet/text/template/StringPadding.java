package dev.freshet.text.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Methods of {@code str} that pad to a width. */
final class StringPadding {
  private StringPadding() {}

  static String pad(String text, String name, Arguments arguments, Budget budget) {
    return switch (name) {
      case "zfill" ->
          zeros(text, Numbers.index(arguments.positional(name, 1, 1).getFirst()), budget);
      case "expandtabs" -> {
        @Nullable Object size = arguments.bind(name, 0, "tabsize")[0];
        yield tabs(text, size == null ? 8 : Numbers.index(size), budget);
      }
      default -> {
        List<Object> given = arguments.positional(name, 1, 2);
        String fill = given.size() > 1 ? Texts.require(name, given.get(1)) : " ";
        if (Characters.length(fill) != 1) {
          throw TemplateException.failed(
              "%s: the fill character must be exactly one character long", name);
        }
        yield pad(text, name, Numbers.index(given.getFirst()), fill, budget);
      }
    };
  }

  /** Pads to {@code width} characters: {@code center}, {@code ljust} or {@code rjust}. */
  static String pad(String text, String name, int width, String fill, Budget budget) {
    int length = Characters.length(text);
    if (width <= length) {
      return text;
    }
    int missing = width - length;
    budget.text((long) text.length() + (long) missing * fill.length());
    int left =
        switch (name) {
          case "ljust" -> 0;
          case "rjust" -> missing;
          default -> missing / 2 + (missing & width & 1);
        };
    return fill.repeat(left) + text + fill.repeat(missing - left);
  }

  private static String zeros(String text, int width, Budget budget) {
    boolean signed = text.startsWith("+") || text.startsWith("-");
    String sign = signed ? text.substring(0, 1) : "";
    return sign + pad(text.substring(sign.length()), "rjust", width - sign.length(), "0", budget);
  }

  private static String tabs(String text, int size, Budget budget) {
    budget.text(text.length() * (long) Math.max(1, size));
    StringBuilder expanded = new StringBuilder();
    int column = 0;
    for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
      int c = text.codePointAt(i);
      if (c == '\t') {
        int blanks = size > 0 ? size - column % size : 0;
        expanded.repeat(" ", blanks);
        column += blanks;
      } else {
        expanded.appendCodePoint(c);
        column = c == '\n' || c == '\r' ? 0 : column + 1;
      }
    }
    return expanded.toString();
  }
}
