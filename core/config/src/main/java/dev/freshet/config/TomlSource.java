package dev.freshet.config;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlTable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A TOML file that was read.
 *
 * @param root its tables and values
 * @param lines the line, from 1, on which each dotted key is set
 */
record TomlSource(Path file, ObjectNode root, Map<String, Integer> lines) {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  static TomlSource read(Path file) {
    TomlParseResult parsed = Toml.parse(text(file));
    if (parsed.hasErrors()) {
      TomlParseError first = parsed.errors().getFirst();
      throw new ConfigException(
          "%s:%d: not valid TOML: %s".formatted(file, first.position().line(), first.getMessage()),
          first);
    }
    Map<String, Integer> lines = new HashMap<>();
    return new TomlSource(file, table("", parsed, lines), lines);
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      throw new ConfigException("%s: not found, expected a TOML file".formatted(file), e);
    } catch (CharacterCodingException e) {
      throw new ConfigException("%s: not UTF-8, expected a TOML file".formatted(file), e);
    } catch (IOException e) {
      throw new ConfigException(
          "%s: cannot be read: %s"
              .formatted(file, Files.isDirectory(file) ? "it is a directory" : e.getMessage()),
          e);
    }
  }

  private static ObjectNode table(String prefix, TomlTable table, Map<String, Integer> lines) {
    ObjectNode node = NODES.objectNode();
    for (String name : table.keySet()) {
      List<String> path = List.of(name); // A quoted name may have dots in it.
      lines.put(prefix + name, Objects.requireNonNull(table.inputPositionOf(path)).line());
      Object value = Objects.requireNonNull(table.get(path));
      node.set(
          name,
          value instanceof TomlTable nested
              ? table(prefix + name + ".", nested, lines)
              : value(value));
    }
    return node;
  }

  private static JsonNode value(Object value) {
    return switch (value) {
      case Long number -> NODES.numberNode(number);
      case Double number -> NODES.numberNode(number);
      case Boolean truth -> NODES.booleanNode(truth);
      case String text -> NODES.stringNode(text);
      case TomlArray array -> array(array);
      case TomlTable table -> table("", table, new HashMap<>());
      default -> NODES.pojoNode(value); // A date or a time, which no key takes.
    };
  }

  private static ArrayNode array(TomlArray array) {
    ArrayNode node = NODES.arrayNode();
    array.toList().forEach(element -> node.add(value(element)));
    return node;
  }

  /** {@code file:line} of a dotted key of the file. */
  String where(String dotted) {
    return "%s:%d".formatted(file, Objects.requireNonNull(lines.get(dotted)));
  }
}
