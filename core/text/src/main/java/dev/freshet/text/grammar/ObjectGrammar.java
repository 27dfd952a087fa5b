package dev.freshet.text.grammar;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.lucene.util.automaton.Automaton;
import org.apache.lucene.util.automaton.Operations;
import org.apache.lucene.util.automaton.TooComplexToDeterminizeException;
import org.jspecify.annotations.Nullable;

/**
 * Adds the objects of one schema to an automaton: the declared properties in their order, those
 * that are required always, then further ones if the schema has {@code additionalProperties} or
 * declares none. Its size is linear in the number of properties. Not thread-safe.
 */
final class ObjectGrammar {
  private static final int NAME_WORK = 100_000;

  /** Any name in quotes, each written in one way. */
  private static final Automaton NAME = name();

  /** Adds the instances of a schema that is part of another. */
  @FunctionalInterface
  interface Values {
    int add(int from, @Nullable Object schema, String place);
  }

  private final Nfa nfa;
  private final Schema schema;
  private final Values values;

  ObjectGrammar(Nfa nfa, Schema schema, Values values) {
    this.nfa = nfa;
    this.schema = schema;
    this.values = values;
  }

  int add(int from) {
    Map<?, ?> properties = properties();
    Set<String> required = required(properties);
    boolean open = schema.has("additionalProperties") || !schema.has("properties");
    Object further =
        schema.has("additionalProperties") ? schema.value("additionalProperties") : true;

    int begin = JsonText.space(nfa, nfa.text(from, "{"));
    int last = nfa.state();
    // Where the name of the next property may begin, and the values after which none need follow.
    int next = nfa.state();
    nfa.jump(begin, next);
    List<Integer> ends = new ArrayList<>();
    boolean mayEnd = true;
    for (Map.Entry<?, ?> property : properties.entrySet()) {
      String name = String.valueOf(property.getKey());
      int after = property(next, name, property.getValue());
      int following = nfa.state();
      nfa.jump(JsonText.space(nfa, nfa.text(after, ",")), following);
      if (required.contains(name)) {
        mayEnd = false;
        ends.clear();
      } else {
        nfa.jump(next, following);
      }
      ends.add(after);
      next = following;
    }
    if (open && !Boolean.FALSE.equals(further)) {
      ends.add(further(next, properties.keySet(), further));
    }
    if (mayEnd) {
      nfa.jump(begin, last);
    }
    ends.forEach(end -> nfa.jump(end, last));
    return nfa.text(JsonText.space(nfa, last), "}");
  }

  private int property(int from, String name, @Nullable Object value) {
    int colon = nfa.text(from, JsonText.of(name) + ":");
    return values.add(JsonText.space(nfa, colon), value, schema.placeOf("properties") + "/" + name);
  }

  private Map<?, ?> properties() {
    if (!schema.has("properties")) {
      return Map.of();
    }
    if (schema.value("properties") instanceof Map<?, ?> properties) {
      return properties;
    }
    throw new GrammarException(schema.placeOf("properties"), "an object");
  }

  private Set<String> required(Map<?, ?> properties) {
    Set<String> required = new LinkedHashSet<>();
    if (schema.value("required") instanceof List<?> names) {
      for (Object name : names) {
        if (!properties.containsKey(name)) {
          throw new GrammarException(
              schema.placeOf("required"), "names of properties, got \"%s\"".formatted(name));
        }
        required.add(String.valueOf(name));
      }
    } else if (schema.has("required")) {
      throw new GrammarException(schema.placeOf("required"), "a list of names");
    }
    return required;
  }

  /** Adds one or more properties that are not declared. */
  private int further(int from, Set<?> declared, @Nullable Object value) {
    int colon = nfa.text(nfa.automaton(from, nameBut(declared)), ":");
    int after =
        values.add(JsonText.space(nfa, colon), value, schema.placeOf("additionalProperties"));
    nfa.jump(JsonText.space(nfa, nfa.text(after, ",")), from);
    return after;
  }

  private static Automaton name() {
    Nfa nfa = new Nfa();
    int start = nfa.state();
    int letters =
        nfa.repeat(nfa.text(start, "\""), at -> JsonText.letter(nfa, at, CharSet.ALL), 0, -1);
    return Nfa.deterministic(nfa.between(start, nfa.text(letters, "\"")));
  }

  /** Names in quotes, without those that are declared. */
  private static Automaton nameBut(Set<?> declared) {
    if (declared.isEmpty()) {
      return NAME;
    }
    Automaton known = Nfa.of(declared.stream().map(JsonText::of).toList());
    try {
      return Operations.minus(NAME, known, NAME_WORK);
    } catch (TooComplexToDeterminizeException e) {
      throw new GrammarException("", "fewer properties beside further ones", e);
    }
  }
}
