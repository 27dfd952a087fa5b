package dev.freshet.text.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Python's {@code json.dumps}, which the filter {@code tojson} of transformers calls. */
final class Json {
  /**
   * How a value is written.
   *
   * @param ascii whether characters outside of ASCII are escaped
   * @param indent what each level is indented by, or null for one line
   * @param separator between items
   * @param colon between a key and its value
   * @param sorted whether keys are sorted
   */
  record Style(
      boolean ascii, @Nullable String indent, String separator, String colon, boolean sorted) {}

  private final StringBuilder text = new StringBuilder();
  private final Style style;
  private final Budget budget;
  private int level;

  private Json(Style style, Budget budget) {
    this.style = style;
    this.budget = budget;
  }

  static String dumps(Object value, Style style, Budget budget) {
    Json json = new Json(style, budget);
    json.append(value);
    return json.text.toString();
  }

  private void append(Object value) {
    budget.step();
    budget.limit(text.length());
    switch (value) {
      case String s -> string(s);
      case Markup m -> string(m.text());
      case List<?> l -> list(l);
      case Tuple t -> list(t.items());
      case Dict d -> dict(d);
      default -> text.append(scalar(value));
    }
  }

  private static String scalar(Object value) {
    return switch (value) {
      case None n -> "null";
      case Boolean b -> b.toString();
      case Long l -> l.toString();
      case BigInteger i -> i.toString();
      case Double d when d.isNaN() -> "NaN";
      case Double d when d.isInfinite() -> d > 0 ? "Infinity" : "-Infinity";
      case Double d -> FloatText.of(d);
      default ->
          throw TemplateException.failed(
              "tojson: a value of type %s is not JSON serializable", Types.name(value));
    };
  }

  private void list(List<?> items) {
    if (items.isEmpty()) {
      text.append("[]");
      return;
    }
    open('[');
    for (Iterator<?> i = items.iterator(); i.hasNext(); ) {
      append(i.next());
      if (i.hasNext()) {
        separator();
      }
    }
    close(']');
  }

  private void dict(Dict dict) {
    if (dict.size() == 0) {
      text.append("{}");
      return;
    }
    open('{');
    for (Iterator<Dict.Item> i = items(dict).iterator(); i.hasNext(); ) {
      Dict.Item item = i.next();
      string(key(item.key()));
      text.append(style.colon());
      append(item.value());
      if (i.hasNext()) {
        separator();
      }
    }
    close('}');
  }

  private List<Dict.Item> items(Dict dict) {
    List<Dict.Item> items = new ArrayList<>();
    dict.items().forEach(items::add);
    if (style.sorted()) {
      budget.items(items.size());
      items.sort((a, b) -> Comparison.order(a.key(), b.key(), "<", budget));
    }
    return items;
  }

  private static String key(Object key) {
    return switch (key) {
      case String s -> s;
      case Markup m -> m.text();
      case Tuple t ->
          throw TemplateException.failed(
              "tojson: keys must be str, int, float, bool or None, not tuple");
      default -> scalar(key);
    };
  }

  private void open(char bracket) {
    budget.enter(3);
    text.append(bracket);
    level++;
    newline();
  }

  private void close(char bracket) {
    level--;
    newline();
    text.append(bracket);
    budget.leave(3);
  }

  private void separator() {
    text.append(style.separator());
    newline();
  }

  private void newline() {
    if (style.indent() != null) {
      budget.text((long) style.indent().length() * level);
      text.append('\n').repeat(style.indent(), level);
    }
  }

  private void string(String s) {
    budget.text(s.length());
    text.append('"');
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      switch (c) {
        case '"' -> text.append("\\\"");
        case '\\' -> text.append("\\\\");
        case '\n' -> text.append("\\n");
        case '\r' -> text.append("\\r");
        case '\t' -> text.append("\\t");
        case '\f' -> text.append("\\f");
        case '\b' -> text.append("\\b");
        default -> {
          if (c < 0x20 || (style.ascii() && c > 0x7E)) {
            text.append("\\u%04x".formatted((int) c));
          } else {
            text.append(c);
          }
        }
      }
    }
    text.append('"');
  }
}
