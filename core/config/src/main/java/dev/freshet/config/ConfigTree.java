package dev.freshet.config;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The values of a configuration by key, and where each was set. It starts with the defaults, which
 * determine the keys and their types.
 */
final class ConfigTree {
  private static final String INT = "expected a whole number from −2^31 to 2^31 − 1";
  private static final String LONG = "expected a whole number from −2^63 to 2^63 − 1";

  private final ObjectNode values;
  private final Map<String, String> setAt = new HashMap<>();
  private final List<String> keys = new ArrayList<>();

  ConfigTree(ObjectNode defaults) {
    this.values = defaults;
    collect("", defaults);
  }

  private void collect(String prefix, ObjectNode section) {
    for (Map.Entry<String, JsonNode> field : section.properties()) {
      String key = prefix + field.getKey();
      keys.add(key);
      if (field.getValue() instanceof ObjectNode nested) {
        collect(key + ".", nested);
      }
    }
  }

  ObjectNode values() {
    return values;
  }

  boolean has(String dotted) {
    return keys.contains(dotted);
  }

  /** Sets every key of {@code file}. */
  void merge(TomlSource file) {
    merge(file, "", values, file.root());
  }

  private void merge(TomlSource file, String prefix, ObjectNode section, JsonNode over) {
    for (Map.Entry<String, JsonNode> field : over.properties()) {
      String key = prefix + field.getKey();
      JsonNode old = section.get(field.getKey());
      if (old == null) {
        throw unknown(file.where(key), key);
      }
      setAt.put(key, file.where(key));
      if (old instanceof ObjectNode nested) {
        if (!field.getValue().isObject()) {
          throw refused(key, field.getValue(), "expected a table: [%s]".formatted(key));
        }
        merge(file, key + ".", nested, field.getValue());
      } else {
        section.set(field.getKey(), checked(key, old, field.getValue()));
      }
    }
  }

  /** Sets one key from an override on the command line. */
  void override(String dotted, String text) {
    if (!has(dotted)) {
      throw unknown("--" + dotted, dotted);
    }
    setAt.put(dotted, "--" + dotted);
    int lastDot = dotted.lastIndexOf('.');
    ObjectNode section =
        lastDot < 0
            ? values
            : (ObjectNode) values.at("/" + dotted.substring(0, lastDot).replace('.', '/'));
    String name = dotted.substring(lastDot + 1);
    JsonNode old = section.path(name);
    if (old.isObject()) {
      throw new ConfigException(
          "--%s: is a section, expected one of its keys: %s"
              .formatted(dotted, String.join(", ", keysBelow(dotted + "."))));
    }
    section.set(name, checked(dotted, old, parsed(old, text)));
  }

  private static JsonNode parsed(JsonNode old, String text) {
    JsonNodeFactory nodes = JsonNodeFactory.instance;
    if (old.isArray()) {
      return list(text);
    }
    try {
      if (old.isIntegralNumber()) {
        return nodes.numberNode(Long.parseLong(text.strip()));
      }
      if (old.isFloatingPointNumber()) {
        return nodes.numberNode(Double.parseDouble(text.strip()));
      }
    } catch (NumberFormatException e) {
      return nodes.stringNode(text); // Refused by the check of types, which shows the text.
    }
    if (old.isBoolean() && (text.equals("true") || text.equals("false"))) {
      return nodes.booleanNode(text.equals("true"));
    }
    return nodes.stringNode(text);
  }

  /** A list written as text: elements separated by commas. */
  static ArrayNode list(String text) {
    ArrayNode list = JsonNodeFactory.instance.arrayNode();
    for (String element : text.isBlank() ? new String[0] : text.split(",", -1)) {
      list.add(element.strip());
    }
    return list;
  }

  /** {@code value} as the type of the one it replaces, if it can be. */
  private JsonNode checked(String key, JsonNode old, JsonNode value) {
    JsonNodeFactory nodes = JsonNodeFactory.instance;
    if (old.isInt()) {
      require(value.isIntegralNumber() && value.canConvertToInt(), key, value, INT);
      return nodes.numberNode(value.intValue());
    }
    if (old.isLong()) {
      require(value.isIntegralNumber() && value.canConvertToLong(), key, value, LONG);
      return nodes.numberNode(value.longValue());
    }
    if (old.isFloatingPointNumber()) {
      require(value.isNumber(), key, value, "expected a number");
      return nodes.numberNode(value.doubleValue());
    }
    if (old.isBoolean()) {
      require(value.isBoolean(), key, value, "expected true or false");
    } else if (old.isArray()) {
      boolean strings = value.isArray() && value.valueStream().allMatch(JsonNode::isString);
      require(strings, key, value, "expected a list of strings");
    } else {
      require(value.isString(), key, value, "expected a string");
    }
    return value;
  }

  private void require(boolean met, String key, JsonNode value, String allowed) {
    if (!met) {
      throw refused(key, value, allowed);
    }
  }

  /** The error for the current value of {@code key}. */
  ConfigException refused(String key, String allowed, Throwable cause) {
    JsonNode value = values.at("/" + key.replace('.', '/'));
    return new ConfigException(message(key, value, allowed), cause);
  }

  private ConfigException refused(String key, JsonNode value, String allowed) {
    return new ConfigException(message(key, value, allowed));
  }

  private String message(String key, JsonNode value, String allowed) {
    String where = setAt.getOrDefault(key, "default");
    return "%s: %s = %s: %s".formatted(where, key, value, allowed);
  }

  private ConfigException unknown(String where, String key) {
    return new ConfigException(
        "%s: unknown key %s, %s"
            .formatted(
                where,
                key,
                Spelling.closest(key, keys)
                    .map("did you mean %s?"::formatted)
                    .orElseGet(() -> "expected one of " + String.join(", ", siblings(key)))));
  }

  /** The keys of the innermost section in {@code key} that exists. */
  private List<String> siblings(String key) {
    String section = key;
    do {
      section = section.contains(".") ? section.substring(0, section.lastIndexOf('.')) : "";
    } while (!section.isEmpty() && !has(section));
    return keysBelow(section.isEmpty() ? "" : section + ".");
  }

  private List<String> keysBelow(String prefix) {
    return keys.stream()
        .filter(k -> k.startsWith(prefix) && k.indexOf('.', prefix.length()) < 0)
        .toList();
  }
}
