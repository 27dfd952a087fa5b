package dev.freshet.text.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Python's dict: ordered by insertion, its keys compared as Python does, so that 1, 1.0 and True
 * are one key. Templates cannot change one after it was made.
 */
final class Dict {
  /** The most values in a key that is a tuple, those of tuples within it counted. */
  private static final int MOST_PARTS = 500;

  /** An item; the key is as it was first inserted. */
  record Item(Object key, Object value) {
    Tuple tuple() {
      return Tuple.of(key, value);
    }
  }

  private final Map<Object, Item> items;

  Dict() {
    items = new LinkedHashMap<>();
  }

  Dict(int size) {
    items = LinkedHashMap.newLinkedHashMap(size);
  }

  Dict(Dict other) {
    items = new LinkedHashMap<>(other.items);
  }

  /** Used while the dict is made. */
  void put(Object key, Object value) {
    if (key instanceof String) {
      items.put(key, new Item(key, value));
    } else {
      items.merge(hashed(key), new Item(key, value), (old, now) -> new Item(old.key(), value));
    }
  }

  /** The value of a key, or null. */
  @Nullable Object get(Object key) {
    Item item = items.get(key instanceof String ? key : hashed(key));
    return item == null ? null : item.value();
  }

  boolean contains(Object key) {
    return items.containsKey(key instanceof String ? key : hashed(key));
  }

  int size() {
    return items.size();
  }

  Iterable<Item> items() {
    return items.values();
  }

  List<Object> keys() {
    return new ArrayList<>(items.values().stream().map(Item::key).toList());
  }

  List<Object> values() {
    return new ArrayList<>(items.values().stream().map(Item::value).toList());
  }

  List<Object> tuples() {
    return new ArrayList<>(items.values().stream().map(Item::tuple).toList());
  }

  /**
   * An object that is equal for equal keys.
   *
   * @throws TemplateException if Python's {@code hash} of the key fails
   */
  static Object hashed(Object key) {
    return hashed(key, new int[] {MOST_PARTS});
  }

  /**
   * @param left how many more parts the key may have
   */
  private static Object hashed(Object key, int[] left) {
    if (--left[0] < 0) {
      throw new TemplateException(
          TemplateException.Kind.LIMIT,
          "a key of a dict of more than %d parts".formatted(MOST_PARTS),
          0);
    }
    return switch (key) {
      case Boolean b -> b ? 1L : 0L;
      case Double d when d == Math.rint(d) && !Double.isInfinite(d) -> Numbers.integer(d);
      case Markup m -> m.text();
      case Tuple t -> Tuple.of(t.items().stream().map(item -> hashed(item, left)).toList());
      case List<?> l -> throw unhashable(l);
      case Dict d -> throw unhashable(d);
      case DictView v -> throw unhashable(v);
      case Undefined u -> Undefined.class;
      default -> key;
    };
  }

  private static TemplateException unhashable(Object key) {
    return TemplateException.failed("unhashable type: '%s'", Types.name(key));
  }
}
