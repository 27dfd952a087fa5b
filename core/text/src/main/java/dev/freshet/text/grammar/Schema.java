package dev.freshet.text.grammar;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One object of a JSON schema and its place in the whole, which errors name. A keyword that would
 * limit the instances, and that the grammar does not know, is refused by name; one that only
 * describes has no effect.
 *
 * @param place a JSON pointer
 */
record Schema(Map<?, ?> keywords, String place) {
  private static final Set<String> DESCRIBING =
      Set.of(
          "title",
          "description",
          "default",
          "example",
          "examples",
          "deprecated",
          "readOnly",
          "writeOnly",
          "discriminator",
          "$schema",
          "$id",
          "$anchor",
          "$comment",
          "$defs",
          "definitions",
          "strict");

  private static final Set<String> LIMITING =
      Set.of(
          "$ref",
          "type",
          "enum",
          "const",
          "anyOf",
          "oneOf",
          "allOf",
          "properties",
          "required",
          "additionalProperties",
          "items",
          "prefixItems",
          "minItems",
          "maxItems",
          "pattern",
          "minLength",
          "maxLength",
          "format",
          "minimum",
          "maximum",
          "exclusiveMinimum",
          "exclusiveMaximum");

  static final Set<String> TYPES =
      Set.of("object", "array", "string", "integer", "number", "boolean", "null");

  /**
   * A schema whose keywords are all known.
   *
   * @throws GrammarException naming the first that is not
   */
  static Schema of(@Nullable Object value, String place) {
    if (!(value instanceof Map<?, ?> keywords)) {
      throw new GrammarException(place, "a schema, an object");
    }
    for (Object name : keywords.keySet()) {
      if (!DESCRIBING.contains(name) && !LIMITING.contains(name)) {
        throw new GrammarException(
            place + "/" + name, "no keyword \"%s\" (it is not supported)".formatted(name));
      }
    }
    return new Schema(keywords, place);
  }

  boolean has(String keyword) {
    return keywords.containsKey(keyword);
  }

  @Nullable Object value(String keyword) {
    return keywords.get(keyword);
  }

  String placeOf(String keyword) {
    return place + "/" + keyword;
  }

  /** Requires that a keyword which decides alone has no other beside it that limits. */
  void requireAlone(String keyword) {
    for (Object name : keywords.keySet()) {
      if (LIMITING.contains(name) && !name.equals(keyword)) {
        throw new GrammarException(
            place + "/" + name,
            "no keyword \"%s\" beside \"%s\" (it is not supported)".formatted(name, keyword));
      }
    }
  }

  /** The types of instances: those that it names, or the one that its keywords are about. */
  List<String> types() {
    Object type = value("type");
    List<String> types = new ArrayList<>();
    if (type instanceof List<?> several && !several.isEmpty()) {
      several.forEach(one -> types.add(String.valueOf(one)));
    } else if (has("type")) {
      types.add(String.valueOf(type));
    } else {
      implied().ifPresent(types::add);
    }
    for (String one : types) {
      if (!TYPES.contains(one)) {
        throw new GrammarException(placeOf("type"), "a type of JSON, got \"%s\"".formatted(one));
      }
    }
    return types;
  }

  private Optional<String> implied() {
    if (has("properties") || has("required") || has("additionalProperties")) {
      return Optional.of("object");
    }
    if (has("items") || has("prefixItems") || has("minItems") || has("maxItems")) {
      return Optional.of("array");
    }
    if (has("pattern") || has("minLength") || has("maxLength") || has("format")) {
      return Optional.of("string");
    }
    if (has("minimum") || has("maximum") || has("exclusiveMinimum") || has("exclusiveMaximum")) {
      return Optional.of("number");
    }
    return Optional.empty();
  }

  /** The value of a keyword that counts; {@code absent} if it is not there. */
  int count(String keyword, int absent) {
    Object value = value(keyword);
    if (!has(keyword)) {
      return absent;
    }
    if (value instanceof Long count && count >= 0 && count <= Nfa.MAX_STATES) {
      return count.intValue();
    }
    throw new GrammarException(
        placeOf(keyword), "an integer from 0 to %d".formatted(Nfa.MAX_STATES));
  }

  String text(String keyword) {
    if (value(keyword) instanceof String text) {
      return text;
    }
    throw new GrammarException(placeOf(keyword), "a string");
  }

  /** A list with at least one element. */
  List<?> list(String keyword) {
    if (value(keyword) instanceof List<?> list && !list.isEmpty()) {
      return list;
    }
    throw new GrammarException(placeOf(keyword), "a list with an element");
  }
}
