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
 * Binds configuration to records: defaults, overridden by a TOML file, overridden by dotted keys on
 * the command line.
 *
 * <p>A configuration is a record of records, strings, ints, longs, doubles, booleans, enums and
 * lists of strings; none is null. Each component that is not a record is a key with a {@link Key}:
 * {@code asyncLevel} is the key {@code async_level}, an enum constant {@code KEEP} the value {@code
 * "keep"}. A record rejects an impossible value in its compact constructor, see {@link Check}.
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

  /** The component and the rest of a record's error message. */
  private static final Pattern REFUSED = Pattern.compile("([A-Za-z][\\w.]*)[:\\s]+(.*)");

  private ConfigLoader() {}

  /**
   * Loads a configuration.
   *
   * @param overrides values as text by dotted key, without leading dashes; elements of a list are
   *     separated by commas
   * @throws ConfigException if the file cannot be read, or a key or a value is not allowed
   */
  public static <T extends Record> T load(
      Class<T> root, Optional<Path> file, Map<String, String> overrides) {
    ConfigTree tree = new ConfigTree(RecordKeys.defaults(root));
    file.map(TomlSource::read).ifPresent(tree::merge);
    overrides.forEach(tree::override);
    return bind(root, tree);
  }

  /** The defaults. */
  public static <T extends Record> T defaults(Class<T> root) {
    return load(root, Optional.empty(), Map.of());
  }

  /** A copy of {@code config} in which other values are set, as by overrides. */
  @SuppressWarnings("unchecked") // The class of a record of type T, which has no subclasses.
  public static <T extends Record> T with(T config, Map<String, String> overrides) {
    ConfigTree tree = new ConfigTree(keys(config));
    overrides.forEach(tree::override);
    return bind((Class<T>) config.getClass(), tree);
  }

  /** The configuration as TOML, which loads to an equal record. */
  public static String toToml(Record config) {
    return TomlText.of(keys(config));
  }

  private static ObjectNode keys(Record config) {
    return RecordKeys.fromComponents(config.getClass(), BINDER.valueToTree(config));
  }

  private static <T extends Record> T bind(Class<T> root, ConfigTree tree) {
    try {
      return BINDER.treeToValue(RecordKeys.toComponents(root, tree.values()), root);
    } catch (InvalidFormatException e) {
      throw tree.refused(key(root, e), "expected " + allowed(e.getTargetType()), e);
    } catch (DatabindException e) {
      throw refusedByRecord(tree, key(root, e), e);
    }
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
      String key =
          (section.isEmpty() ? "" : section + ".") + RecordKeys.snakeCase(refused.group(1));
      if (tree.has(key)) {
        return tree.refused(key, refused.group(2), e);
      }
    }
    return new ConfigException((section.isEmpty() ? "configuration" : section) + ": " + message, e);
  }

  private static String key(Class<?> root, DatabindException e) {
    return RecordKeys.dotted(
        root,
        e.getPath().stream()
            .map(JacksonException.Reference::getPropertyName)
            .takeWhile(name -> name != null)
            .toList());
  }

  private static String allowed(Class<?> type) {
    Object[] constants = type.getEnumConstants();
    return constants == null
        ? "a " + type.getSimpleName()
        : Arrays.stream(constants)
            .map(c -> "\"" + c.toString().toLowerCase(Locale.ROOT) + "\"")
            .collect(Collectors.joining(", ", "one of ", ""));
  }
}
