package dev.freshet.text.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The functions that templates have without being given them. */
final class Globals {
  private static final Map<String, Function> ALL =
      Map.ofEntries(
          entry("range", (arguments, render) -> range(arguments)),
          entry("dict", (arguments, render) -> dict(arguments, render.budget())),
          entry("namespace", (arguments, render) -> namespace(arguments, render.budget())),
          entry("cycler", (arguments, render) -> cycler(arguments)),
          entry("joiner", (arguments, render) -> joiner(arguments)),
          entry(
              "lipsum",
              (arguments, render) -> {
                throw TemplateException.unsupported("the function 'lipsum'");
              }),
          entry("raise_exception", (arguments, render) -> raise(arguments, render.budget())),
          entry("strftime_now", (arguments, render) -> now(arguments, render)));

  private Globals() {}

  private static Map.Entry<String, Function> entry(String name, Function.Body body) {
    return Map.entry(name, new Function(name, body));
  }

  static @Nullable Function named(String name) {
    return ALL.get(name);
  }

  private static Object range(Arguments arguments) {
    List<Object> given = arguments.positional("range", 1, 3);
    long[] bounds = given.stream().mapToLong(Globals::bound).toArray();
    return bounds.length == 1
        ? new Range(0, bounds[0], 1)
        : new Range(bounds[0], bounds[1], bounds.length == 3 ? bounds[2] : 1);
  }

  private static long bound(Object value) {
    Numbers.index(value);
    if (Numbers.big(value).bitLength() > 62) {
      throw TemplateException.unsupported("a range with bounds of more than 62 bits");
    }
    return Numbers.big(value).longValue();
  }

  private static Dict dict(Arguments arguments, Budget budget) {
    Dict dict = new Dict();
    List<Object> given = arguments.positional();
    if (given.size() > 1) {
      throw TemplateException.failed("dict() takes at most 1 argument, %d given", given.size());
    }
    if (!given.isEmpty()) {
      addAll(given.getFirst(), dict, budget);
    }
    arguments.named().forEach(dict::put);
    return dict;
  }

  private static void addAll(Object value, Dict dict, Budget budget) {
    if (value instanceof Dict other) {
      budget.items(other.size());
      other.items().forEach(item -> dict.put(item.key(), item.value()));
      return;
    }
    for (Object pair : Iteration.list(value, budget)) {
      List<Object> parts = Iteration.list(pair, budget);
      if (parts.size() != 2) {
        throw TemplateException.failed(
            "dict(): an item has %d parts: expected a key and a value", parts.size());
      }
      dict.put(parts.get(0), parts.get(1));
    }
  }

  private static Namespace namespace(Arguments arguments, Budget budget) {
    Namespace namespace = new Namespace();
    for (Dict.Item item : dict(arguments, budget).items()) {
      namespace.set(Texts.require("namespace", item.key()), item.value());
    }
    return namespace;
  }

  private static Cycler cycler(Arguments arguments) {
    return new Cycler(new ArrayList<>(arguments.positional("cycler", 1, Integer.MAX_VALUE)));
  }

  /** A function that returns nothing first, and the separator later. */
  private static Function joiner(Arguments arguments) {
    @Nullable Object separator = arguments.bind("joiner", 0, "sep")[0];
    boolean[] used = new boolean[1];
    return new Function(
        "joiner",
        (none, render) -> {
          none.positional("joiner", 0, 0);
          Object text = !used[0] ? "" : separator == null ? ", " : separator;
          used[0] = true;
          return text;
        });
  }

  private static Object raise(Arguments arguments, Budget budget) {
    Object message = arguments.bind("raise_exception", 1, "message")[0];
    throw new TemplateException(
        TemplateException.Kind.RAISED, message == null ? "" : Repr.str(message, budget), 0);
  }

  private static Object now(Arguments arguments, Render render) {
    @Nullable Object format = arguments.bind("strftime_now", 1, "format")[0];
    String text = Texts.require("strftime_now", format == null ? None.NONE : format);
    render.budget().read(text.length() * 16L);
    return Strftime.format(render.now(), text);
  }
}
