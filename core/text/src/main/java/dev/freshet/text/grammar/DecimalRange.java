package dev.freshet.text.grammar;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
import org.apache.lucene.util.automaton.Automaton;
import org.apache.lucene.util.automaton.Operations;

/**
 * Adds the numbers between two bounds to an automaton: without an exponent, with at most 18 digits
 * before the point and {@value #DECIMALS} after it.
 */
final class DecimalRange {
  private static final int DECIMALS = 17;
  private static final long LARGEST = 999_999_999_999_999_999L;
  private static final CharSet ZERO = CharSet.of('0');
  private static final CharSet NONZERO = CharSet.of('1', '9');
  private static final Bounds.End ABOVE_ZERO = new Bounds.End(BigDecimal.ZERO, false);
  private static final Bounds.End FROM_ZERO = new Bounds.End(BigDecimal.ZERO, true);

  private DecimalRange() {}

  /** Adds the numbers that a schema allows. */
  static int add(Nfa nfa, int from, Schema schema) {
    if (!Bounds.areIn(schema)) {
      return JsonText.number(nfa, from);
    }
    Bounds bounds = Bounds.of(schema);
    Optional<Bounds.End> low = bounds.low();
    Optional<Bounds.End> high = bounds.high();
    List<IntUnaryOperator> parts = new ArrayList<>();
    if (high.isEmpty() || high.get().value().signum() > 0 || isZero(high.get())) {
      Bounds.End least = low.filter(end -> end.value().signum() >= 0).orElse(FROM_ZERO);
      parts.add(at -> nfa.automaton(at, between(least, high)));
    }
    if (low.isEmpty() || low.get().value().signum() < 0) {
      Bounds.End least =
          high.filter(end -> end.value().signum() < 0).map(Bounds.End::negated).orElse(ABOVE_ZERO);
      Optional<Bounds.End> most = low.map(Bounds.End::negated);
      parts.add(at -> nfa.automaton(nfa.text(at, "-"), between(least, most)));
    }
    return nfa.either(from, parts);
  }

  private static boolean isZero(Bounds.End end) {
    return end.value().signum() == 0 && end.within();
  }

  /** The numbers without a sign between two that are not negative. */
  private static Automaton between(Bounds.End least, Optional<Bounds.End> most) {
    Automaton above = new DecimalRange.Digits().atLeast(least);
    return most.isEmpty()
        ? above
        : Nfa.deterministic(
            Operations.intersection(above, new DecimalRange.Digits().atMost(most.get())));
  }

  /** The digits of numbers, in an automaton of its own. */
  private static final class Digits {
    private final Nfa nfa = new Nfa();
    private final int start = nfa.state();
    private final int end = nfa.state();

    /** From where at most so many further digits lead to the end: any, zeros, not only zeros. */
    private final int[] any = new int[DECIMALS + 1];

    private final int[] zeros = new int[DECIMALS + 1];
    private final int[] some = new int[DECIMALS + 1];

    Digits() {
      for (int count = 0; count <= DECIMALS; count++) {
        any[count] = nfa.state();
        zeros[count] = nfa.state();
        some[count] = nfa.state();
        nfa.jump(any[count], end);
        nfa.jump(zeros[count], end);
        if (count > 0) {
          nfa.edge(any[count], CharSet.DIGITS, any[count - 1]);
          nfa.edge(zeros[count], ZERO, zeros[count - 1]);
          nfa.edge(some[count], ZERO, some[count - 1]);
          nfa.edge(some[count], NONZERO, any[count - 1]);
        }
      }
    }

    /** The texts of the numbers from one on. */
    Automaton atLeast(Bounds.End least) {
      long whole = least.value().longValue();
      String decimals = decimals(least.value());
      if (whole < LARGEST) {
        orMore(IntegerRange.digits(nfa, start, whole + 1, LARGEST));
      }
      int at = IntegerRange.digits(nfa, start, whole, whole);
      if (decimals.isEmpty() && least.within()) {
        nfa.jump(at, end);
      }
      int next = nfa.text(at, ".");
      int left = DECIMALS;
      for (int i = 0; i < decimals.length(); i++) {
        char digit = decimals.charAt(i);
        left--;
        if (digit < '9') {
          nfa.edge(next, CharSet.of(digit + 1, '9'), any[left]);
        }
        next = nfa.one(next, CharSet.of(digit));
      }
      if (!least.within()) {
        nfa.jump(next, some[left]);
      } else if (decimals.isEmpty()) {
        nfa.edge(next, CharSet.DIGITS, any[left - 1]);
      } else {
        nfa.jump(next, any[left]);
      }
      return automaton();
    }

    /** The texts of the numbers up to one. */
    Automaton atMost(Bounds.End most) {
      long whole = most.value().longValue();
      String decimals = decimals(most.value());
      if (whole > 0) {
        orMore(IntegerRange.digits(nfa, start, 0, whole - 1));
      }
      int at = IntegerRange.digits(nfa, start, whole, whole);
      if (!decimals.isEmpty() || most.within()) {
        nfa.jump(at, end);
      }
      int next = nfa.text(at, ".");
      int left = DECIMALS;
      for (int i = 0; i < decimals.length(); i++) {
        char digit = decimals.charAt(i);
        left--;
        if (digit > '0') {
          nfa.edge(next, CharSet.of('0', digit - 1), any[left]);
        }
        next = nfa.one(next, CharSet.of(digit));
        if (left > DECIMALS - decimals.length()) {
          nfa.jump(next, end);
        }
      }
      if (most.within() && decimals.isEmpty()) {
        nfa.edge(next, ZERO, zeros[left - 1]);
      } else if (most.within()) {
        nfa.jump(next, zeros[left]);
      }
      return automaton();
    }

    /** Ends a number, or adds a point and any digits. */
    private void orMore(int from) {
      nfa.jump(from, end);
      nfa.edge(nfa.text(from, "."), CharSet.DIGITS, any[DECIMALS - 1]);
    }

    private Automaton automaton() {
      return Nfa.deterministic(nfa.between(start, end));
    }

    private static String decimals(BigDecimal value) {
      String text = value.toPlainString();
      int point = text.indexOf('.');
      return point < 0 ? "" : text.substring(point + 1);
    }
  }
}
