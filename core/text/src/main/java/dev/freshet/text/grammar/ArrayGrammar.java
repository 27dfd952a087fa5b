package dev.freshet.text.grammar;

import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Adds the arrays of one schema to an automaton: those of {@code prefixItems} each by a schema of
 * its own, then further ones by {@code items}, or none if the schema has only the first. Not
 * thread-safe.
 */
final class ArrayGrammar {
  private final Nfa nfa;
  private final Schema schema;
  private final ObjectGrammar.Values values;
  private final List<?> first;
  private final boolean further;
  private final int least;
  private final int most;

  ArrayGrammar(Nfa nfa, Schema schema, ObjectGrammar.Values values) {
    this.nfa = nfa;
    this.schema = schema;
    this.values = values;
    this.first = schema.has("prefixItems") ? schema.list("prefixItems") : List.of();
    this.further =
        schema.has("items") ? !Boolean.FALSE.equals(schema.value("items")) : first.isEmpty();
    this.least = schema.count("minItems", 0);
    int limit = schema.count("maxItems", -1);
    if (limit >= 0 && limit < least) {
      throw new GrammarException(schema.placeOf("maxItems"), "at least minItems");
    }
    if (!further && least > first.size()) {
      throw new GrammarException(
          schema.placeOf("minItems"),
          "at most %d, the number of items that the schema describes".formatted(first.size()));
    }
    this.most = further || (limit >= 0 && limit < first.size()) ? limit : first.size();
  }

  int add(int from) {
    if (first.isEmpty() && least == 0 && most < 0) {
      return JsonText.list(nfa, from, this::item);
    }
    int begin = JsonText.space(nfa, nfa.text(from, "["));
    int last = nfa.state();
    if (least == 0) {
      nfa.jump(begin, last);
    }
    int at = begin;
    int count = 0;
    for (; count < first.size() && count != most; count++) {
      Object item = first.get(count);
      int before = count == 0 ? at : afterComma(at);
      at = values.add(before, item, schema.placeOf("prefixItems") + "/" + count);
      if (count + 1 >= least) {
        nfa.jump(JsonText.space(nfa, at), last);
      }
    }
    if (count != most) {
      items(at, count, last);
    }
    return nfa.text(last, "]");
  }

  /** Adds items after {@code count} others. */
  private void items(int from, int count, int last) {
    int one = item(count == 0 ? from : afterComma(from));
    int before = count + 1;
    IntUnaryOperator next = at -> item(afterComma(at));
    int after = nfa.repeat(one, next, Math.max(0, least - before), most < 0 ? -1 : most - before);
    nfa.jump(JsonText.space(nfa, after), last);
  }

  private int afterComma(int from) {
    return JsonText.space(nfa, nfa.text(from, ","));
  }

  private int item(int from) {
    @Nullable Object items = schema.has("items") ? schema.value("items") : true;
    return values.add(from, items, schema.placeOf("items"));
  }
}
