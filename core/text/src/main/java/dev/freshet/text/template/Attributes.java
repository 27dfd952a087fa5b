package dev.freshet.text.template;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Access to attributes and items as Jinja's immutable sandbox grants it: {@code a.b} prefers an
 * attribute or method of Python's type, {@code a['b']} an item; what does not exist is undefined,
 * and so is what the sandbox forbids.
 */
final class Attributes {
  private static final Set<String> MUTATE_LIST =
      Set.of("append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove");
  private static final Set<String> MUTATE_DICT =
      Set.of("clear", "pop", "popitem", "setdefault", "update");

  private Attributes() {}

  /** {@code object.name}. */
  static Object attribute(Object object, String name, Budget budget) {
    budget.step();
    Object own = own(object, name);
    if (own != null) {
      return own;
    }
    Object item = object instanceof Dict dict ? dict.get(name) : null;
    return item != null ? item : Undefined.attribute(object, name);
  }

  /** The attribute or method of this name, whatever items the object has. */
  static Object withoutItems(Object object, String name) {
    Object own = own(object, name);
    return own != null ? own : Undefined.attribute(object, name);
  }

  /** {@code object[key]}. */
  static Object item(Object object, Object key, Budget budget) {
    budget.step();
    Object item = itemOrNull(object, key);
    if (item == null && key instanceof String name) {
      item = own(object, name);
    }
    return item != null ? item : Undefined.attribute(object, shown(key));
  }

  private static Object shown(Object key) {
    return key instanceof String || Numbers.isNumber(key) ? key : Types.name(key);
  }

  private static @Nullable Object itemOrNull(Object object, Object key) {
    return switch (object) {
      case Dict d -> isHashable(key) ? d.get(key) : null;
      case List<?> l -> at(l, key);
      case Tuple t -> at(t.items(), key);
      case Range r -> at(r, key);
      case String s -> character(s, key);
      case Markup m -> {
        String character = character(m.text(), key);
        yield character == null ? null : new Markup(character);
      }
      case Undefined u -> throw u.failure();
      default -> null;
    };
  }

  private static @Nullable Object at(List<?> items, Object key) {
    int index = index(key, items.size());
    return index < 0 ? null : items.get(index);
  }

  private static @Nullable Object at(Range range, Object key) {
    int index = index(key, range.length());
    return index < 0 ? null : range.at(index);
  }

  private static boolean isHashable(Object key) {
    return !(key instanceof List<?>) && !(key instanceof Dict) && !(key instanceof DictView);
  }

  private static @Nullable String character(String text, Object key) {
    int index = Numbers.isInteger(key) ? index(key, Characters.length(text)) : -1;
    return index < 0 ? null : Character.toString(text.codePointAt(Characters.offset(text, index)));
  }

  /** The index in a sequence, or -1 if it has no such item. */
  private static int index(Object key, int length) {
    if (!Numbers.isInteger(key)) {
      return -1;
    }
    long index = Numbers.index(key);
    long at = index < 0 ? index + length : index;
    return at >= 0 && at < length ? (int) at : -1;
  }

  /** An attribute or method of the type of {@code object}; null if it has none of this name. */
  private static @Nullable Object own(Object object, String name) {
    if (object instanceof Undefined undefined) {
      throw undefined.failure();
    }
    if (object instanceof Namespace namespace) {
      return namespace.get(name);
    }
    if (name.startsWith("__") && name.endsWith("__")) {
      return forbidden(object, name);
    }
    return switch (object) {
      case String s -> StringMethods.of(s, name);
      case Dict d -> MUTATE_DICT.contains(name) ? forbidden(d, name) : ContainerMethods.of(d, name);
      case List<?> l ->
          MUTATE_LIST.contains(name) ? forbidden(l, name) : ContainerMethods.of(l, name);
      case Tuple t -> ContainerMethods.of(t, name);
      case DictView v -> ContainerMethods.of(v, name);
      case Range r -> ContainerMethods.of(r, name);
      case Loop l -> l.attribute(name);
      case Macro m -> m.attribute(name);
      case Cycler c -> c.attribute(name);
      case Markup m -> {
        if (StringMethods.of(m.text(), name) != null) {
          throw Texts.escaped("method '%s'".formatted(name));
        }
        yield null;
      }
      default -> Numbers.isNumber(object) ? NumberMethods.of(object, name) : null;
    };
  }

  private static Undefined forbidden(Object object, String name) {
    return new Undefined(
        "access to attribute '%s' of '%s' object is unsafe".formatted(name, Types.name(object)));
  }

  /** A getter of an attribute path such as {@code function.name} or {@code 0}, for filters. */
  static Object path(Object object, Object path, Budget budget) {
    if (!(path instanceof String names)) {
      return path == None.NONE ? object : item(object, path, budget);
    }
    Object value = object;
    for (String name : names.split("\\.", -1)) {
      boolean number =
          !name.isEmpty() && name.length() < 10 && name.chars().allMatch(c -> c >= '0' && c <= '9');
      value = item(value, number ? (Object) Long.valueOf(name) : name, budget);
    }
    return value;
  }
}
