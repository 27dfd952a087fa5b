package dev.freshet.config;

import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Writes a configuration as TOML: a table's own values first, then the tables in it. */
final class TomlText {
  private final StringBuilder out = new StringBuilder();

  private TomlText() {}

  static String of(ObjectNode root) {
    TomlText text = new TomlText();
    text.table("", root);
    return text.out.toString();
  }

  private void table(String name, ObjectNode table) {
    boolean ownValues = table.valueStream().anyMatch(value -> !value.isObject());
    if (ownValues && !name.isEmpty()) {
      out.append(out.isEmpty() ? "" : "\n").append('[').append(name).append("]\n");
    }
    for (Map.Entry<String, JsonNode> field : table.properties()) {
      if (!field.getValue().isObject()) {
        out.append(field.getKey()).append(" = ");
        value(field.getValue());
        out.append('\n');
      }
    }
    for (Map.Entry<String, JsonNode> field : table.properties()) {
      if (field.getValue() instanceof ObjectNode nested) {
        table(name.isEmpty() ? field.getKey() : name + "." + field.getKey(), nested);
      }
    }
  }

  private void value(JsonNode value) {
    if (value.isString()) {
      string(value.stringValue());
    } else if (value.isArray()) {
      String separator = "[";
      for (JsonNode element : value) {
        out.append(separator);
        value(element);
        separator = ", ";
      }
      out.append(value.isEmpty() ? "[]" : "]");
    } else if (value.isFloatingPointNumber()) {
      number(value.doubleValue());
    } else {
      out.append(value); // An integer or a boolean, which JSON and TOML write alike.
    }
  }

  private void number(double number) {
    if (Double.isNaN(number)) {
      out.append("nan");
    } else if (Double.isInfinite(number)) {
      out.append(number > 0 ? "inf" : "-inf");
    } else {
      out.append(number);
    }
  }

  /** A basic string: quotes, backslashes and control characters escaped. */
  private void string(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (Character.isISOControl(c)) {
        out.append("\\u%04X".formatted((int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }
}
