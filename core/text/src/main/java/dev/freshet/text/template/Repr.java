package dev.freshet.text.template;

import java.math.BigInteger;
import java.util.Iterator;
import java.util.List;

/** Values as Python prints them: {@link #str} as {@code print} does, {@link #repr} in lists. */
final class Repr {
  private final StringBuilder text = new StringBuilder();
  private final Budget budget;

  private Repr(Budget budget) {
    this.budget = budget;
  }

  static String str(Object value, Budget budget) {
    return switch (value) {
      case String s -> s;
      case Markup m -> m.text();
      case Undefined u -> "";
      default -> repr(value, budget);
    };
  }

  static String repr(Object value, Budget budget) {
    Repr repr = new Repr(budget);
    repr.append(value);
    return repr.text.toString();
  }

  private void append(Object value) {
    budget.step();
    budget.limit(text.length());
    switch (value) {
      case None n -> text.append("None");
      case Boolean b -> text.append(b ? "True" : "False");
      case Long l -> text.append(l);
      case BigInteger i -> text.append(i);
      case Double d -> text.append(FloatText.of(d));
      case String s -> string(s);
      case Markup m -> {
        text.append("Markup(");
        string(m.text());
        text.append(')');
      }
      case Undefined u -> text.append("Undefined");
      case List<?> l -> sequence("[", l, "]");
      case Tuple t -> sequence("(", t.items(), t.items().size() == 1 ? ",)" : ")");
      case Dict d -> dict(d);
      case DictView v -> sequence(Types.name(v) + "([", v.list(), "])");
      case Range r -> range(r);
      case Namespace n -> {
        text.append("<Namespace ");
        budget.enter(2);
        dict(n.dict());
        budget.leave(2);
        text.append('>');
      }
      case Macro m -> text.append("<Macro '").append(m.name()).append("'>");
      case Loop l -> text.append(l.shown());
      default ->
          throw TemplateException.unsupported(
              "printing a %s, which Python prints with its address,".formatted(Types.name(value)));
    }
  }

  private void range(Range r) {
    text.append("range(").append(r.start()).append(", ").append(r.stop());
    if (r.step() != 1) {
      text.append(", ").append(r.step());
    }
    text.append(')');
  }

  private void sequence(String open, List<?> items, String close) {
    budget.enter(2);
    text.append(open);
    for (Iterator<?> i = items.iterator(); i.hasNext(); ) {
      append(i.next());
      if (i.hasNext()) {
        text.append(", ");
      }
    }
    text.append(close);
    budget.leave(2);
  }

  private void dict(Dict dict) {
    budget.enter(2);
    text.append('{');
    for (Iterator<Dict.Item> i = dict.items().iterator(); i.hasNext(); ) {
      Dict.Item item = i.next();
      append(item.key());
      text.append(": ");
      append(item.value());
      if (i.hasNext()) {
        text.append(", ");
      }
    }
    text.append('}');
    budget.leave(2);
  }

  /** Quoted as Python does: with apostrophes, unless there are some and no quotation marks. */
  private void string(String s) {
    budget.text(s.length());
    char quote = s.indexOf('\'') >= 0 && s.indexOf('"') < 0 ? '"' : '\'';
    text.append(quote);
    s.codePoints().forEach(c -> character(c, quote));
    text.append(quote);
  }

  private void character(int c, char quote) {
    switch (c) {
      case '\\' -> text.append("\\\\");
      case '\n' -> text.append("\\n");
      case '\r' -> text.append("\\r");
      case '\t' -> text.append("\\t");
      default -> {
        if (c == quote) {
          text.append('\\').append(quote);
        } else if (Characters.isPrintable(c)) {
          text.appendCodePoint(c);
        } else {
          text.append(escape(c));
        }
      }
    }
  }

  /** The shortest escape of a character. */
  static String escape(int c) {
    return c < 0x100
        ? "\\x%02x".formatted(c)
        : c < 0x10000 ? "\\u%04x".formatted(c) : "\\U%08x".formatted(c);
  }
}
