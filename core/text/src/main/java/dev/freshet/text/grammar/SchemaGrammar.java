package dev.freshet.text.grammar;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Adds the instances of a JSON schema to an automaton. Objects have their properties in the order
 * of the schema, and none that it does not declare unless it says so; alternatives are a union; a
 * value of any kind has at most {@value #ANY_LEVELS} levels, and a recursive reference as many as
 * {@link Recursion} says: where it ends, no instance has a further one. Not thread-safe.
 */
final class SchemaGrammar {
  /** The levels of lists and objects of a value that the schema does not describe. */
  static final int ANY_LEVELS = 4;

  /** The most references within each other, of which each may be recursive. */
  private static final int MAX_REFERENCES = 64;

  private static final String ROOT = "#";

  private final Nfa nfa;
  private final @Nullable Object root;
  private final Recursion recursion;
  private final StringGrammar strings;
  private final Deque<String> references = new ArrayDeque<>();

  private SchemaGrammar(Nfa nfa, @Nullable Object root, Recursion recursion) {
    this.nfa = nfa;
    this.root = root;
    this.recursion = recursion;
    references.push(ROOT);
    this.strings = new StringGrammar(nfa);
  }

  /**
   * Adds the instances of a schema; returns the state after them.
   *
   * @param schema a {@code Map}, or a {@code Boolean}
   * @throws GrammarException if it is not supported
   */
  static int add(Nfa nfa, int from, @Nullable Object schema, Recursion recursion) {
    return new SchemaGrammar(nfa, schema, recursion).value(from, schema, "");
  }

  private int value(int from, @Nullable Object value, String place) {
    if (Boolean.TRUE.equals(value)) {
      return JsonText.any(nfa, from, ANY_LEVELS);
    }
    if (Boolean.FALSE.equals(value)) {
      throw new GrammarException(place, "a schema that a value satisfies, got false");
    }
    Schema schema = Schema.of(value, place);
    for (String alone : List.of("$ref", "anyOf", "oneOf", "allOf")) {
      if (schema.has(alone)) {
        schema.requireAlone(alone);
        return alone.equals("$ref") ? reference(from, schema) : either(from, schema, alone);
      }
    }
    if (schema.has("const")) {
      return nfa.text(from, JsonText.of(schema.value("const")));
    }
    if (schema.has("enum")) {
      return nfa.automaton(from, Nfa.of(schema.list("enum").stream().map(JsonText::of).toList()));
    }
    List<String> types = schema.types();
    return types.isEmpty()
        ? JsonText.any(nfa, from, ANY_LEVELS)
        : nfa.either(
            from,
            types.stream().<IntUnaryOperator>map(type -> at -> typed(at, schema, type)).toList());
  }

  private int either(int from, Schema schema, String keyword) {
    List<?> alternatives = schema.list(keyword);
    if (keyword.equals("allOf") && alternatives.size() > 1) {
      throw new GrammarException(
          schema.placeOf(keyword), "one schema (a conjunction is not supported)");
    }
    List<IntUnaryOperator> parts = new ArrayList<>();
    for (int i = 0; i < alternatives.size(); i++) {
      Object one = alternatives.get(i);
      String place = schema.placeOf(keyword) + "/" + i;
      parts.add(at -> value(at, one, place));
    }
    return nfa.either(from, parts);
  }

  private int reference(int from, Schema schema) {
    String pointer = schema.text("$ref");
    long within = references.stream().filter(pointer::equals).count();
    if (!recursion.mayFollow(schema.placeOf("$ref"), within)) {
      return nfa.state(); // No text leads to it.
    }
    if (references.size() == MAX_REFERENCES) {
      throw new GrammarException(
          schema.placeOf("$ref"),
          "at most %d references within each other".formatted(MAX_REFERENCES));
    }
    references.push(pointer);
    int end = value(from, referred(pointer, schema), pointer.substring(1));
    references.pop();
    return end;
  }

  private @Nullable Object referred(String pointer, Schema schema) {
    Object found = root;
    boolean local = pointer.equals(ROOT) || pointer.startsWith("#/");
    for (String name :
        pointer.startsWith("#/") ? pointer.substring(2).split("/", -1) : new String[0]) {
      found =
          found instanceof Map<?, ?> object
              ? object.get(name.replace("~1", "/").replace("~0", "~"))
              : null;
    }
    if (!local || found == null) {
      throw new GrammarException(
          schema.placeOf("$ref"),
          "a reference to a part of the schema, such as #/$defs/name, got \"%s\""
              .formatted(pointer));
    }
    return found;
  }

  private int typed(int from, Schema schema, String type) {
    return switch (type) {
      case "object" -> new ObjectGrammar(nfa, schema, this::value).add(from);
      case "array" -> new ArrayGrammar(nfa, schema, this::value).add(from);
      case "string" -> strings.add(from, schema);
      case "integer" -> IntegerRange.add(nfa, from, schema);
      case "number" -> DecimalRange.add(nfa, from, schema);
      case "boolean" -> JsonText.bool(nfa, from);
      default -> nfa.text(from, "null");
    };
  }
}
