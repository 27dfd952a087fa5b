package dev.freshet.text.template;

import org.jspecify.annotations.Nullable;

/** Python's {@code str.format}: fields in braces, with attributes, conversions and formats. */
final class BraceFormat {
  private static final int MOST_NESTED = 2;

  private final Arguments arguments;
  private final Render render;

  /** The number of the next field without a number; -1 once a field has had one. */
  private int next;

  private BraceFormat(Arguments arguments, Render render) {
    this.arguments = arguments;
    this.render = render;
  }

  static String format(String text, Arguments arguments, Render render) {
    return new BraceFormat(arguments, render).format(text, 0);
  }

  private String format(String text, int nested) {
    if (nested >= MOST_NESTED) {
      throw TemplateException.failed("format: the specification is nested too deep");
    }
    render.budget().text(text.length());
    StringBuilder formatted = new StringBuilder();
    int i = 0;
    while (i < text.length()) {
      char c = text.charAt(i);
      boolean twice = i + 1 < text.length() && text.charAt(i + 1) == c;
      if ((c == '{' || c == '}') && twice) {
        formatted.append(c);
        i += 2;
      } else if (c == '}') {
        throw TemplateException.failed("format: single '}' encountered");
      } else if (c == '{') {
        int end = fieldEnd(text, i);
        formatted.append(field(text.substring(i + 1, end), nested));
        render.budget().step();
        render.budget().limit(formatted.length());
        i = end + 1;
      } else {
        formatted.append(c);
        i++;
      }
    }
    return formatted.toString();
  }

  private static int fieldEnd(String text, int open) {
    int depth = 0;
    for (int i = open; i < text.length(); i++) {
      depth += text.charAt(i) == '{' ? 1 : text.charAt(i) == '}' ? -1 : 0;
      if (depth == 0) {
        return i;
      }
    }
    throw TemplateException.failed("format: expected '}' before the end of the text");
  }

  private String field(String field, int nested) {
    int end = 0;
    boolean bracket = false;
    while (end < field.length() && (bracket || ":!".indexOf(field.charAt(end)) < 0)) {
      bracket = field.charAt(end) == '[' || (bracket && field.charAt(end) != ']');
      end++;
    }
    Object value = value(field.substring(0, end));
    String rest = field.substring(end);
    if (rest.startsWith("!")) {
      if (rest.length() < 2 || (rest.length() > 2 && rest.charAt(2) != ':')) {
        throw TemplateException.failed("format: expected ':' after the conversion");
      }
      value = converted(value, rest.charAt(1));
      rest = rest.substring(2);
    }
    String spec = rest.isEmpty() ? "" : rest.substring(1);
    return FormatSpec.format(
        value, spec.indexOf('{') >= 0 ? format(spec, nested + 1) : spec, render.budget());
  }

  private Object converted(Object value, char conversion) {
    return switch (conversion) {
      case 's' -> Repr.str(value, render.budget());
      case 'r' -> Repr.repr(value, render.budget());
      default ->
          throw TemplateException.unsupported(
              "the conversion '!%c' of format".formatted(conversion));
    };
  }

  private Object value(String path) {
    int end = 0;
    while (end < path.length() && ".[".indexOf(path.charAt(end)) < 0) {
      end++;
    }
    Object value = argument(path.substring(0, end));
    while (end < path.length()) {
      if (path.charAt(end) == '.') {
        int start = ++end;
        while (end < path.length() && ".[".indexOf(path.charAt(end)) < 0) {
          end++;
        }
        value = Attributes.attribute(value, nonEmpty(path.substring(start, end)), render.budget());
      } else {
        int close = path.indexOf(']', end);
        if (path.charAt(end) != '[' || close < 0) {
          throw TemplateException.failed("format: malformed field '%s'", path);
        }
        String key = nonEmpty(path.substring(end + 1, close));
        Object index = isNumber(key) ? (Object) Long.valueOf(key) : key;
        value = Attributes.item(value, index, render.budget());
        end = close + 1;
      }
    }
    return value;
  }

  private static String nonEmpty(String name) {
    if (name.isEmpty()) {
      throw TemplateException.failed("format: empty attribute in a field");
    }
    return name;
  }

  private static boolean isNumber(String name) {
    return !name.isEmpty()
        && name.length() < 10
        && name.chars().allMatch(c -> c >= '0' && c <= '9');
  }

  private Object argument(String name) {
    if (!name.isEmpty() && !isNumber(name)) {
      @Nullable Object value = arguments.named().get(name);
      if (value == null) {
        throw TemplateException.failed("format: no argument is named '%s'", name);
      }
      return value;
    }
    if (name.isEmpty() ? next < 0 : next > 0) {
      throw TemplateException.failed("format: fields with and without numbers are mixed");
    }
    int index = name.isEmpty() ? next++ : Integer.parseInt(name);
    next = name.isEmpty() ? next : -1;
    if (index >= arguments.positional().size()) {
      throw TemplateException.failed("format: there is no argument %d", index);
    }
    return arguments.positional().get(index);
  }
}
