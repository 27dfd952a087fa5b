package dev.freshet.config;

import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.toml.TomlMapper;

/**
 * Writes a configuration as TOML with a header for each section. Jackson writes the keys and
 * values; by itself it would write dotted keys without headers.
 */
final class TomlText {
  private static final TomlMapper TOML = new TomlMapper();

  private TomlText() {}

  static String of(ObjectNode root) {
    StringBuilder text = new StringBuilder();
    append(text, "", root);
    return text.toString();
  }

  private static void append(StringBuilder text, String section, ObjectNode values) {
    ObjectNode own = JsonNodeFactory.instance.objectNode();
    for (Map.Entry<String, JsonNode> field : values.properties()) {
      if (!field.getValue().isObject()) {
        own.set(field.getKey(), field.getValue());
      }
    }
    if (!own.isEmpty()) {
      text.append(text.isEmpty() ? "" : "\n");
      text.append(section.isEmpty() ? "" : "[%s]\n".formatted(section));
      text.append(TOML.writeValueAsString(own));
    }
    for (Map.Entry<String, JsonNode> field : values.properties()) {
      if (field.getValue() instanceof ObjectNode nested) {
        append(text, section.isEmpty() ? field.getKey() : section + "." + field.getKey(), nested);
      }
    }
  }
}
