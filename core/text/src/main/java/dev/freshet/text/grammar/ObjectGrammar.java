package dev.freshet.text.grammar;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntUnaryOperator;
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

    // A state before any property, and one after some: a comma precedes the next one there.
    int none = JsonText.space(nfa, nfa.text(from, "{"));
    int some = nfa.state();
    for (Map.Entry<?, ?> property : properties.entrySet()) {
      String name = String.valueOf(property.getKey());
      int begin = nfa.state();
      nfa.jump(none, begin);
      nfa.jump(JsonText.space(nfa, nfa.text(some, ",")), begin);
      int colon = nfa.text(JsonText.value(nfa, begin, name), ":");
      int end =
          values.add(
              JsonText.space(nfa, colon),
              property.getValue(),
              schema.placeOf("properties") + "/" + name);
      int someNext = nfa.state();
      nfa.jump(end, someNext);
      int noneNext = nfa.state();
      if (!required.contains(name)) {
        nfa.jump(some, someNext);
        nfa.jump(none, noneNext);
      }
      some = someNext;
      none = noneNext;
    }
    if (open && !Boolean.FALSE.equals(further)) {
      further(none, some, properties.keySet(), further);
    }
    int last = nfa.state();
    nfa.jump(none, last);
    nfa.jump(some, last);
    return nfa.text(JsonText.space(nfa, last), "}");
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

  /** Adds any number of properties that are not declared. */
  private void further(int none, int some, Set<?> declared, @Nullable Object value) {
    int begin = nfa.state();
    nfa.jump(none, begin);
    nfa.jump(JsonText.space(nfa, nfa.text(some, ",")), begin);
    int colon = nfa.text(nfa.automaton(begin, nameBut(declared)), ":");
    nfa.jump(
        values.add(JsonText.space(nfa, colon), value, schema.placeOf("additionalProperties")),
        some);
  }

  /** Names in quotes, without those that are declared. */
  private static Automaton nameBut(Set<?> declared) {
    Nfa names = new Nfa();
    int start = names.state();
    int end =
        names.text(
            names.repeat(
                names.text(start, "\""), at -> JsonText.letter(names, at, CharSet.ALL), 0, -1),
            "\"");
    Automaton all = Nfa.deterministic(names.between(start, end));
    if (declared.isEmpty()) {
      return all;
    }
    Nfa own = new Nfa();
    int first = own.state();
    List<IntUnaryOperator> parts = new ArrayList<>();
    declared.forEach(name -> parts.add(at -> JsonText.value(own, at, name)));
    Automaton known = Nfa.deterministic(own.between(first, own.either(first, parts)));
    try {
      return Operations.minus(all, known, NAME_WORK);
    } catch (TooComplexToDeterminizeException e) {
      throw new GrammarException("", "fewer properties beside further ones", e);
    }
  }
}
