package dev.freshet.text.template;

import java.util.List;

/**
 * Python's tuple.
 *
 * @param names the attributes that name its items, as those of {@code groupby} have; else empty
 */
record Tuple(List<Object> items, List<String> names) {
  static Tuple of(Object... items) {
    return new Tuple(List.of(items), List.of());
  }

  static Tuple of(List<Object> items) {
    return new Tuple(items, List.of());
  }
}
