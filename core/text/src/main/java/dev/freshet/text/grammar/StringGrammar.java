package dev.freshet.text.grammar;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.lucene.util.automaton.Automaton;
import org.apache.lucene.util.automaton.Operations;
import org.jspecify.annotations.Nullable;

/**
 * Adds the strings of a schema to an automaton: those that all of its limits allow. Not
 * thread-safe.
 */
final class StringGrammar {
  /** The most strings with different patterns or formats, and the part of the work for each. */
  private static final int MAX_LIMITED_STRINGS = 32;

  private static final int SHARE_OF_STRING = 8;

  private static final List<String> LIMITS_OF_STRINGS =
      List.of("pattern", "format", "minLength", "maxLength");

  private final Nfa nfa;
  private final Map<Map<String, @Nullable Object>, Automaton> contents = new HashMap<>();

  StringGrammar(Nfa nfa) {
    this.nfa = nfa;
  }

  /** Adds the strings of a schema; returns the state after them. */
  int add(int from, Schema schema) {
    int least = schema.count("minLength", 0);
    int most = schema.count("maxLength", -1);
    if (most >= 0 && most < least) {
      throw new GrammarException(schema.placeOf("maxLength"), "at least minLength");
    }
    if (!schema.has("pattern") && !schema.has("format")) {
      return JsonText.string(nfa, from, least, most);
    }
    Map<String, @Nullable Object> limits = new HashMap<>();
    LIMITS_OF_STRINGS.forEach(limit -> limits.put(limit, schema.value(limit)));
    Automaton content = contents.get(limits);
    if (content == null) {
      if (contents.size() == MAX_LIMITED_STRINGS) {
        throw new GrammarException(
            schema.place(),
            "at most %d different patterns and formats".formatted(MAX_LIMITED_STRINGS));
      }
      content = content(schema, least, most);
      contents.put(limits, content);
    }
    return nfa.text(nfa.automaton(nfa.text(from, "\""), content), "\"");
  }

  /** The text between the quotes of a string with a pattern or a format. */
  private static Automaton content(Schema schema, int least, int most) {
    List<Automaton> limits = new ArrayList<>();
    if (schema.has("pattern")) {
      Pattern pattern = pattern(schema);
      limits.add(content((own, at) -> pattern.addSearch(own, at, JsonText::letter)));
    }
    if (schema.has("format")) {
      StringFormat format = format(schema);
      limits.add(content((own, at) -> format.pattern().addWhole(own, at, JsonText::letter)));
    }
    if (schema.has("minLength") || schema.has("maxLength")) {
      limits.add(
          content((own, at) -> own.repeat(at, one -> JsonText.anyLetter(own, one), least, most)));
    }
    Automaton all =
        limits.stream()
            .reduce(
                (one, other) ->
                    Nfa.deterministic(Operations.intersection(one, other), SHARE_OF_STRING))
            .orElseThrow();
    if (all.getNumStates() == 0) {
      throw new GrammarException(schema.place(), "limits that a string satisfies together");
    }
    return all;
  }

  private static StringFormat format(Schema schema) {
    String name = schema.text("format");
    return StringFormat.of(name)
        .orElseThrow(
            () ->
                new GrammarException(
                    schema.placeOf("format"),
                    "one of %s, got \"%s\" (not supported)".formatted(StringFormat.names(), name)));
  }

  private static Pattern pattern(Schema schema) {
    try {
      return PatternParser.parse(schema.text("pattern"));
    } catch (GrammarException e) {
      throw new GrammarException(schema.placeOf("pattern"), e.expected(), e);
    }
  }

  /** Adds a part to an automaton. */
  @FunctionalInterface
  private interface Part {
    int add(Nfa nfa, int from);
  }

  private static Automaton content(Part part) {
    Nfa own = new Nfa();
    int start = own.state();
    return Nfa.deterministic(own.between(start, part.add(own, start)), SHARE_OF_STRING);
  }
}
