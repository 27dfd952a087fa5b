package dev.freshet.config;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.dataformat.toml.TomlMapper;

/**
 * A TOML file that was read, and where its keys stand in it.
 *
 * @param root what it holds
 */
record TomlSource(Path file, List<String> lines, JsonNode root) {
  private static final TomlMapper TOML = new TomlMapper();
  private static final Pattern TABLE = Pattern.compile("\\s*\\[\\s*([\\w.\\- ]+?)\\s*].*");
  private static final Pattern KEY = Pattern.compile("\\s*([\\w.\\-]+)\\s*=.*");

  private static final Pattern INTEGER = Pattern.compile("[^=]*=\\s*([+-]?[0-9][0-9_]*)\\s*(#.*)?");
  private static final Pattern LONG_DIGITS = Pattern.compile("[0-9][0-9_]{18}");

  static TomlSource read(Path file) {
    String text;
    try {
      text = Files.readString(file);
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
    try {
      return new TomlSource(file, text.lines().toList(), TOML.readTree(text));
    } catch (JacksonException e) {
      throw new ConfigException(
          "%s:%d: not valid TOML: %s"
              .formatted(file, e.getLocation().getLineNr(), e.getOriginalMessage()),
          e);
    }
  }

  /** {@code file:line} of a dotted key, or {@code file} where {@link #lineOf} does not know. */
  String where(String dotted) {
    OptionalInt line = lineOf(dotted);
    return line.isPresent() ? "%s:%d".formatted(file, line.getAsInt() + 1) : file.toString();
  }

  /**
   * {@code parsed} as it is written under a dotted key. The parser garbles decimal integers of 19
   * digits, which are read here instead; one that stands where this cannot read it is refused.
   */
  JsonNode exact(String dotted, JsonNode parsed) {
    if (!parsed.isIntegralNumber()) {
      return parsed;
    }
    OptionalInt line = lineOf(dotted);
    if (line.isPresent()) {
      Matcher integer = INTEGER.matcher(lines.get(line.getAsInt()));
      return integer.matches()
          ? JsonNodeFactory.instance.numberNode(new BigInteger(integer.group(1).replace("_", "")))
          : parsed;
    }
    if (lines.stream().anyMatch(text -> LONG_DIGITS.matcher(text).find())) {
      throw new ConfigException(
          "%s: %s: expected on a line of its own, as the file holds an integer of 19 digits or more"
              .formatted(file, dotted));
    }
    return parsed;
  }

  /**
   * The index of the line that sets a dotted key, plainly or in a table; not in other notations.
   */
  private OptionalInt lineOf(String dotted) {
    String table = "";
    for (int i = 0; i < lines.size(); i++) {
      Matcher header = TABLE.matcher(lines.get(i));
      Matcher key = KEY.matcher(lines.get(i));
      String name = "";
      if (header.matches()) {
        name = header.group(1);
        table = name + ".";
      } else if (key.matches()) {
        name = table + key.group(1);
      }
      if (name.equals(dotted)) {
        return OptionalInt.of(i);
      }
    }
    return OptionalInt.empty();
  }
}
