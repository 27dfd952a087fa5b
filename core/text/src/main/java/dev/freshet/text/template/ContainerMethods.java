package dev.freshet.text.template;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The attributes of Python's dicts, lists, tuples and ranges that read and do not change. */
final class ContainerMethods {
  private ContainerMethods() {}

  static @Nullable Object of(Dict dict, String name) {
    return switch (name) {
      case "get" ->
          new Function(
              name,
              (arguments, render) -> {
                List<Object> given = arguments.positional(name, 1, 2);
                Object value = dict.get(given.getFirst());
                return value != null ? value : given.size() > 1 ? given.get(1) : None.NONE;
              });
      case "items" -> view(name, DictView.Of.ITEMS, dict);
      case "keys" -> view(name, DictView.Of.KEYS, dict);
      case "values" -> view(name, DictView.Of.VALUES, dict);
      case "copy" ->
          new Function(
              name,
              (arguments, render) -> {
                arguments.positional(name, 0, 0);
                render.budget().items(dict.size());
                return new Dict(dict);
              });
      case "fromkeys" -> throw TemplateException.unsupported("method 'fromkeys' of a dict");
      default -> null;
    };
  }

  private static Function view(String name, DictView.Of of, Dict dict) {
    return new Function(
        name,
        (arguments, render) -> {
          arguments.positional(name, 0, 0);
          render.budget().read(dict.size());
          return new DictView(of, dict);
        });
  }

  static @Nullable Object of(List<?> list, String name) {
    return switch (name) {
      case "index" -> index(list);
      case "count" -> count(list);
      case "copy" ->
          new Function(
              name,
              (arguments, render) -> {
                arguments.positional(name, 0, 0);
                render.budget().items(list.size());
                return new ArrayList<Object>(list);
              });
      default -> null;
    };
  }

  static @Nullable Object of(Tuple tuple, String name) {
    int named = tuple.names().indexOf(name);
    return named >= 0
        ? tuple.items().get(named)
        : switch (name) {
          case "index" -> index(tuple.items());
          case "count" -> count(tuple.items());
          default -> null;
        };
  }

  static @Nullable Object of(DictView view, String name) {
    if (name.equals("mapping") || name.equals("isdisjoint")) {
      throw TemplateException.unsupported("attribute '%s' of a view of a dict".formatted(name));
    }
    return null;
  }

  static @Nullable Object of(Range range, String name) {
    return switch (name) {
      case "start" -> range.start();
      case "stop" -> range.stop();
      case "step" -> range.step();
      case "index" -> index(new ArrayList<>(items(range)));
      case "count" -> count(items(range));
      default -> null;
    };
  }

  private static List<Object> items(Range range) {
    List<Object> items = new ArrayList<>(range.length());
    range.iterator().forEachRemaining(items::add);
    return items;
  }

  private static Function index(List<?> items) {
    return new Function(
        "index",
        (arguments, render) -> {
          List<Object> given = arguments.positional("index", 1, 3);
          int size = items.size();
          int start = given.size() > 1 ? bound(given.get(1), size) : 0;
          int stop = given.size() > 2 ? bound(given.get(2), size) : size;
          for (int i = start; i < stop; i++) {
            if (Comparison.equal(items.get(i), given.getFirst(), render.budget())) {
              return (long) i;
            }
          }
          throw TemplateException.failed("index(): the sequence has no such item");
        });
  }

  private static int bound(Object value, int size) {
    long index = Numbers.index(value);
    return Math.clamp(index < 0 ? index + size : index, 0, size);
  }

  private static Function count(List<?> items) {
    return new Function(
        "count",
        (arguments, render) -> {
          Object item = arguments.positional("count", 1, 1).getFirst();
          return items.stream().filter(i -> Comparison.equal(i, item, render.budget())).count();
        });
  }
}
