package dev.freshet.config;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DatabindException;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.exc.InvalidFormatException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Binds configuration to records: defaults, over them a TOML file, over it dotted overrides.
 *
 * <p>A configuration is a record of records, strings, ints, longs, doubles, booleans, enums and
 * lists of strings; none is null. A component {@code asyncLevel} is the key {@code async_level}, an
 * enum constant {@code KEEP} the value {@code "keep"}. The defaults say which keys there are and of
 * what type. A record refuses an impossible value by an {@link IllegalArgumentException} from its
 * compact constructor, whose message is the component's name and what is allowed: {@code lr:
 * expected above 0}.
 */
public final class ConfigLoader {
  private static final JsonMapper BINDER =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .enable(EnumFeature.WRITE_ENUMS_TO_LOWERCASE)
          .build();

  /** The component that a record's refusal names first. */
  private static final Pattern REFUSED = Pattern.compile("([A-Za-z][\\w.]*)[:\\s]+(.*)");

  private ConfigLoader() {}

  /**
   * The configuration that results.
   *
   * @param overrides value as written by dotted key, without leading dashes; lists are separated by
   *     commas
   * @throws ConfigException if the file cannot be read, or a key or a value is not allowed
   */
  public static <T extends Record> T load(
      Class<T> root, T defaults, Optional<Path> file, Map<String, String> overrides) {
    ConfigTree tree = new ConfigTree(BINDER.valueToTree(defaults));
    file.map(TomlSource::read).ifPresent(tree::merge);
    overrides.forEach(tree::override);
    try {
      return BINDER.treeToValue(tree.values(), root);
    } catch (InvalidFormatException e) {
      String key = key(e);
      throw tree.refused(key, "expected " + allowed(e.getTargetType()), e);
    } catch (DatabindException e) {
      throw refusedByRecord(tree, key(e), e);
    }
  }

  /** The configuration as TOML, which loads to an equal record again. */
  public static String toToml(Record config) {
    ObjectNode values = BINDER.valueToTree(config);
    return TomlText.of(values);
  }

  private static ConfigException refusedByRecord(
      ConfigTree tree, String section, DatabindException e) {
    Throwable cause = e.getCause();
    String message =
        cause instanceof IllegalArgumentException && cause.getMessage() != null
            ? cause.getMessage()
            : e.getOriginalMessage();
    Matcher refused = REFUSED.matcher(message);
    if (refused.matches()) {
      String key = (section.isEmpty() ? "" : section + ".") + snakeCase(refused.group(1));
      if (tree.has(key)) {
        return tree.refused(key, refused.group(2), e);
      }
    }
    return new ConfigException((section.isEmpty() ? "configuration" : section) + ": " + message, e);
  }

  private static String key(DatabindException e) {
    return e.getPath().stream()
        .map(JacksonException.Reference::getPropertyName)
        .takeWhile(name -> name != null)
        .collect(Collectors.joining("."));
  }

  private static String allowed(Class<?> type) {
    Object[] constants = type.getEnumConstants();
    return constants == null
        ? "a " + type.getSimpleName()
        : Arrays.stream(constants)
            .map(c -> "\"" + c.toString().toLowerCase(Locale.ROOT) + "\"")
            .collect(Collectors.joining(", ", "one of ", ""));
  }

  /** {@code asyncLevel} → {@code async_level}. */
  private static String snakeCase(String name) {
    return name.replaceAll("(?<=[a-z0-9])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
  }
}
