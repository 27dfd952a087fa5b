package dev.freshet.text.template;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What {@code namespace(...)} returns: attributes that a template may assign in any scope. */
final class Namespace {
  private final Map<String, Object> attributes = new LinkedHashMap<>();

  @Nullable Object get(String name) {
    return attributes.get(name);
  }

  void set(String name, Object value) {
    attributes.put(name, value);
  }

  /** The attributes as they are now. */
  Dict dict() {
    Dict dict = new Dict();
    attributes.forEach(dict::put);
    return dict;
  }
}
