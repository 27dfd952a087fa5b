package dev.freshet.text.grammar;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Adds the integers between two bounds to an automaton, without leading zeros. A bound that is left
 * out is that of 18 digits.
 */
final class IntegerRange {
  private static final long LARGEST = 999_999_999_999_999_999L;

  private IntegerRange() {}

  /** Adds the integers that a schema allows. */
  static int add(Nfa nfa, int from, Schema schema) {
    if (!Bounds.areIn(schema)) {
      return JsonText.integer(nfa, from);
    }
    long least = -LARGEST;
    long most = LARGEST;
    if (schema.has("minimum")) {
      least = bound(schema, "minimum");
    }
    if (schema.has("maximum")) {
      most = bound(schema, "maximum");
    }
    if (schema.has("exclusiveMinimum")) {
      least = Math.max(least, bound(schema, "exclusiveMinimum") + 1);
    }
    if (schema.has("exclusiveMaximum")) {
      most = Math.min(most, bound(schema, "exclusiveMaximum") - 1);
    }
    if (least > most) {
      throw new GrammarException(schema.place(), "bounds that an integer satisfies");
    }
    List<IntUnaryOperator> parts = new ArrayList<>();
    if (least < 0) {
      long smallest = Math.max(1, -most);
      long largest = -least;
      parts.add(at -> digits(nfa, nfa.text(at, "-"), smallest, largest));
    }
    if (most >= 0) {
      long smallest = Math.max(0, least);
      long largest = most;
      parts.add(at -> digits(nfa, at, smallest, largest));
    }
    return nfa.either(from, parts);
  }

  private static long bound(Schema schema, String keyword) {
    @Nullable Object value = schema.value(keyword);
    if (value instanceof Long bound && Math.abs(bound) < LARGEST) {
      return bound;
    }
    if (value instanceof Double bound && bound == Math.rint(bound) && Math.abs(bound) < LARGEST) {
      return bound.longValue();
    }
    throw new GrammarException(
        schema.placeOf(keyword),
        "an integer of at most 18 digits, got "
            + (value instanceof Number || value instanceof BigInteger ? value : "no number"));
  }

  /** Adds the numbers from one to another, neither negative. */
  static int digits(Nfa nfa, int from, long least, long most) {
    int lengths = Long.toString(most).length();
    int[] free = new int[lengths + 1];
    free[0] = nfa.state();
    for (int count = 1; count <= lengths; count++) {
      free[count] = nfa.state();
      nfa.edge(free[count], CharSet.DIGITS, free[count - 1]);
    }
    long first = 0;
    for (int length = 1; length <= lengths; length++) {
      long low = Math.max(least, first);
      long high = Math.min(most, length == 1 ? 9 : 10 * first - 1);
      if (low <= high) {
        new EqualLength(nfa, free, Long.toString(low), Long.toString(high))
            .add(from, 0, true, true);
      }
      first = length == 1 ? 10 : 10 * first;
    }
    return free[0];
  }

  /**
   * Numbers of as many digits as both bounds have.
   *
   * @param free the states that so many more digits lead from to the end
   */
  private record EqualLength(Nfa nfa, int[] free, String low, String high) {
    /**
     * Adds the digits from one on.
     *
     * @param atLow whether the digits before are those of the lower bound
     * @param atHigh the same of the upper bound
     */
    void add(int from, int digit, boolean atLow, boolean atHigh) {
      int left = low.length() - digit;
      if (left == 0 || !(atLow || atHigh)) {
        nfa.jump(from, free[left]);
        return;
      }
      char first = atLow ? low.charAt(digit) : '0';
      char last = atHigh ? high.charAt(digit) : '9';
      if (first == last) {
        add(nfa.one(from, CharSet.of(first)), digit + 1, atLow, atHigh);
        return;
      }
      if (atLow) {
        add(nfa.one(from, CharSet.of(first)), digit + 1, true, false);
      }
      if (atHigh) {
        add(nfa.one(from, CharSet.of(last)), digit + 1, false, true);
      }
      int inner = atLow ? first + 1 : first;
      int innerLast = atHigh ? last - 1 : last;
      if (inner <= innerLast) {
        nfa.edge(from, CharSet.of(inner, innerLast), free[left - 1]);
      }
    }
  }
}
