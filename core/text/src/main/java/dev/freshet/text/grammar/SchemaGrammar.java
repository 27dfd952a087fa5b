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
 * value of any kind has at most {@value #ANY_LEVELS} levels. References may not be recursive,
 * because the instances would not be regular. Not thread-safe.
 */
final class SchemaGrammar {
  /** The levels of lists and objects of a value that the schema does not describe. */
  static final int ANY_LEVELS = 4;

  private static final int MAX_REFERENCES = 32;

  private final Nfa nfa;
  private final @Nullable Object root;
  private final StringGrammar strings;
  private final Deque<String> references = new ArrayDeque<>();

  private SchemaGrammar(Nfa nfa, @Nullable Object root) {
    this.nfa = nfa;
    this.root = root;
    this.strings = new StringGrammar(nfa);
  }

  /**
   * Adds the instances of a schema; returns the state after them.
   *
   * @param schema a {@code Map}, or a {@code Boolean}
   * @throws GrammarException if it is not supported
   */
  static int add(Nfa nfa, int from, @Nullable Object schema) {
    return new SchemaGrammar(nfa, schema).value(from, schema, "");
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
    if (references.contains(pointer) || pointer.equals("#")) {
      throw new GrammarException(
          schema.placeOf("$ref"),
          "a schema without recursion, got \"%s\" within itself (not supported)"
              .formatted(pointer));
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
    boolean local = pointer.startsWith("#/");
    for (String name : local ? pointer.substring(2).split("/", -1) : new String[0]) {
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
      case "array" -> array(from, schema);
      case "string" -> strings.add(from, schema);
      case "integer" -> IntegerRange.add(nfa, from, schema);
      case "number" -> {
        IntegerRange.requireNone(schema);
        yield JsonText.number(nfa, from);
      }
      case "boolean" -> JsonText.bool(nfa, from);
      default -> nfa.text(from, "null");
    };
  }

  private int array(int from, Schema schema) {
    int least = schema.count("minItems", 0);
    int most = schema.count("maxItems", -1);
    if (most >= 0 && most < least) {
      throw new GrammarException(schema.placeOf("maxItems"), "at least minItems");
    }
    Object items = schema.has("items") ? schema.value("items") : true;
    IntUnaryOperator item = at -> value(at, items, schema.placeOf("items"));
    if (least == 0 && most < 0) {
      return JsonText.list(nfa, from, item);
    }
    int begin = JsonText.space(nfa, nfa.text(from, "["));
    int last = nfa.state();
    if (least == 0) {
      nfa.jump(begin, last);
    }
    if (most != 0) {
      int first = item.applyAsInt(begin);
      IntUnaryOperator next = at -> item.applyAsInt(JsonText.space(nfa, nfa.text(at, ",")));
      int after = nfa.repeat(first, next, Math.max(0, least - 1), most < 0 ? -1 : most - 1);
      nfa.jump(JsonText.space(nfa, after), last);
    }
    return nfa.text(last, "]");
  }
}
