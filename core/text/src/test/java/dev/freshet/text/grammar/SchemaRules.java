package dev.freshet.text.grammar;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The rules of JSON Schema that say whether a value is an instance, written apart from the
 * grammars, for the keywords that these know. Values are those that Jackson reads.
 */
final class SchemaRules {
  private final Map<?, ?> root;

  SchemaRules(Map<?, ?> root) {
    this.root = root;
  }

  boolean holds(@Nullable Object value) {
    return holds(root, value);
  }

  private boolean holds(@Nullable Object schema, @Nullable Object value) {
    if (schema instanceof Boolean any) {
      return any;
    }
    Map<?, ?> rules = (Map<?, ?>) Objects.requireNonNull(schema);
    return rules.entrySet().stream().allMatch(rule -> holds(rules, rule, value));
  }

  private boolean holds(Map<?, ?> rules, Map.Entry<?, ?> rule, @Nullable Object value) {
    Object wanted = rule.getValue();
    return switch (String.valueOf(rule.getKey())) {
      case "type" ->
          wanted instanceof List<?> several
              ? several.stream().anyMatch(one -> isOf(String.valueOf(one), value))
              : isOf(String.valueOf(wanted), value);
      case "const" -> same(wanted, value);
      case "enum" -> ((List<?>) wanted).stream().anyMatch(one -> same(one, value));
      case "anyOf", "allOf" -> ((List<?>) wanted).stream().anyMatch(one -> holds(one, value));
      case "oneOf" -> ((List<?>) wanted).stream().anyMatch(one -> holds(one, value));
      case "$ref" -> holds(referred(String.valueOf(wanted)), value);
      case "properties" -> !(value instanceof Map<?, ?> object) || properties(wanted, object);
      case "required" ->
          !(value instanceof Map<?, ?> object) || object.keySet().containsAll((List<?>) wanted);
      case "additionalProperties" ->
          !(value instanceof Map<?, ?> object) || further(rules, wanted, object);
      case "items" ->
          !(value instanceof List<?> list) || list.stream().allMatch(one -> holds(wanted, one));
      case "minItems" -> !(value instanceof List<?> list) || list.size() >= number(wanted);
      case "maxItems" -> !(value instanceof List<?> list) || list.size() <= number(wanted);
      case "minLength" -> !(value instanceof String text) || length(text) >= number(wanted);
      case "maxLength" -> !(value instanceof String text) || length(text) <= number(wanted);
      case "pattern" ->
          !(value instanceof String text) || Pattern.compile((String) wanted).matcher(text).find();
      case "minimum" -> !(value instanceof Number found) || compare(found, wanted) >= 0;
      case "maximum" -> !(value instanceof Number found) || compare(found, wanted) <= 0;
      default -> true;
    };
  }

  private static boolean isOf(String type, @Nullable Object value) {
    return switch (type) {
      case "object" -> value instanceof Map<?, ?>;
      case "array" -> value instanceof List<?>;
      case "string" -> value instanceof String;
      case "integer" -> value instanceof Integer || value instanceof Long;
      case "number" -> value instanceof Number;
      case "boolean" -> value instanceof Boolean;
      default -> value == null;
    };
  }

  private boolean properties(Object declared, Map<?, ?> object) {
    return ((Map<?, ?>) declared)
        .entrySet().stream()
            .allMatch(
                one ->
                    !object.containsKey(one.getKey())
                        || holds(one.getValue(), object.get(one.getKey())));
  }

  private boolean further(Map<?, ?> rules, Object wanted, Map<?, ?> object) {
    Map<?, ?> declared =
        rules.get("properties") instanceof Map<?, ?> properties ? properties : Map.of();
    return object.entrySet().stream()
        .allMatch(one -> declared.containsKey(one.getKey()) || holds(wanted, one.getValue()));
  }

  private @Nullable Object referred(String pointer) {
    Object found = root;
    for (String name : pointer.substring(2).split("/")) {
      found = ((Map<?, ?>) Objects.requireNonNull(found)).get(name);
    }
    return found;
  }

  private static boolean same(@Nullable Object one, @Nullable Object other) {
    return (one instanceof Number first && other instanceof Number second)
        ? first.doubleValue() == second.doubleValue()
        : Objects.equals(one, other);
  }

  private static int compare(Number found, Object wanted) {
    return new BigDecimal(found.toString()).compareTo(new BigDecimal(wanted.toString()));
  }

  private static long number(Object value) {
    return ((Number) value).longValue();
  }

  private static int length(String text) {
    return text.codePointCount(0, text.length());
  }
}
