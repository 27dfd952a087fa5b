package dev.freshet.config;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The keys that a configuration record declares. A component {@code asyncLevel} is the key {@code
 * async_level}; a component that is a record is a section of that name, or with {@link Inline} part
 * of the section around it.
 */
final class RecordKeys {
  private RecordKeys() {}

  /** The defaults of all keys, by section. */
  static ObjectNode defaults(Class<?> record) {
    ObjectNode keys = JsonNodeFactory.instance.objectNode();
    for (RecordComponent component : record.getRecordComponents()) {
      if (isInline(component)) {
        keys.setAll(defaults(component.getType()));
      } else if (component.getType().isRecord()) {
        keys.set(name(component), defaults(component.getType()));
      } else {
        keys.set(name(component), value(component.getType(), key(component).def()));
      }
    }
    return keys;
  }

  /** The default or the description of a key is missing only by a mistake in the record. */
  static Key key(RecordComponent component) {
    return Optional.ofNullable(component.getAnnotation(Key.class))
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "%s: expected @Key with a default".formatted(component)));
  }

  static boolean isInline(RecordComponent component) {
    return component.isAnnotationPresent(Inline.class);
  }

  static String name(RecordComponent component) {
    return snakeCase(component.getName());
  }

  private static JsonNode value(Class<?> type, String text) {
    JsonNodeFactory nodes = JsonNodeFactory.instance;
    if (type == int.class) {
      return nodes.numberNode(Integer.parseInt(text));
    }
    if (type == long.class) {
      return nodes.numberNode(Long.parseLong(text));
    }
    if (type == double.class) {
      return nodes.numberNode(Double.parseDouble(text));
    }
    if (type == boolean.class) {
      return nodes.booleanNode(text.equals("true"));
    }
    return type == List.class ? ConfigTree.list(text) : nodes.stringNode(text);
  }

  /** The values of keys as those of the record's components, which the binder reads. */
  static ObjectNode toComponents(Class<?> record, ObjectNode keys) {
    ObjectNode components = JsonNodeFactory.instance.objectNode();
    for (RecordComponent component : record.getRecordComponents()) {
      String name = name(component);
      JsonNode value = isInline(component) ? keys : keys.path(name);
      components.set(
          name,
          component.getType().isRecord()
              ? toComponents(component.getType(), (ObjectNode) value)
              : value);
    }
    return components;
  }

  /** The reverse of {@link #toComponents}. */
  static ObjectNode fromComponents(Class<?> record, ObjectNode components) {
    ObjectNode keys = JsonNodeFactory.instance.objectNode();
    for (RecordComponent component : record.getRecordComponents()) {
      JsonNode value = components.path(name(component));
      if (component.getType().isRecord()) {
        value = fromComponents(component.getType(), (ObjectNode) value);
      }
      if (isInline(component)) {
        keys.setAll((ObjectNode) value);
      } else {
        keys.set(name(component), value);
      }
    }
    return keys;
  }

  /**
   * The dotted key of a path of components from {@code record}; a section's name if it ends there.
   */
  static String dotted(Class<?> record, List<String> path) {
    List<String> key = new ArrayList<>();
    Class<?> at = record;
    for (String name : path) {
      Optional<RecordComponent> component = component(at, name);
      if (component.filter(RecordKeys::isInline).isEmpty()) {
        key.add(name);
      }
      at = component.<Class<?>>map(RecordComponent::getType).orElse(Object.class);
    }
    return String.join(".", key);
  }

  private static Optional<RecordComponent> component(Class<?> type, String name) {
    return type.isRecord()
        ? Arrays.stream(type.getRecordComponents()).filter(c -> name(c).equals(name)).findFirst()
        : Optional.empty();
  }

  /** {@code asyncLevel} → {@code async_level}. */
  static String snakeCase(String name) {
    return name.replaceAll("(?<=[a-z0-9])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
  }
}
