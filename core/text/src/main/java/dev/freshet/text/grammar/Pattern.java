package dev.freshet.text.grammar;

import java.util.List;
import java.util.function.IntUnaryOperator;

/**
 * A regular expression.
 *
 * @param alternatives at least one
 */
record Pattern(List<Alternative> alternatives) {
  /**
   * An alternative of the whole expression.
   *
   * @param atStart whether it begins with {@code ^}
   * @param atEnd whether it ends with {@code $}
   */
  record Alternative(boolean atStart, Part part, boolean atEnd) {}

  /** A part of a regular expression. */
  sealed interface Part {}

  /** One character of a set. */
  record One(CharSet characters) implements Part {}

  /** Parts one after the other; none for the empty text. */
  record Sequence(List<Part> parts) implements Part {}

  /** One of several parts, at least one. */
  record Either(List<Part> parts) implements Part {}

  /**
   * A part repeatedly.
   *
   * @param most −1 for any number
   */
  record Repeat(Part part, int least, int most) implements Part {}

  /** How a character of a text is written. */
  @FunctionalInterface
  interface Letters {
    /** Adds one character of a set; returns the state after it. */
    int add(Nfa nfa, int from, CharSet characters);
  }

  /** Characters that stand for themselves. */
  static final Letters PLAIN = Nfa::one;

  /** Adds the texts that match as a whole, with or without the anchors. */
  int addWhole(Nfa nfa, int from, Letters letters) {
    return nfa.either(
        from,
        alternatives.stream()
            .<IntUnaryOperator>map(one -> at -> add(one.part(), nfa, at, letters))
            .toList());
  }

  /** Adds the texts in which a part matches: where no anchor is, more text may be. */
  int addSearch(Nfa nfa, int from, Letters letters) {
    return nfa.either(
        from,
        alternatives.stream()
            .<IntUnaryOperator>map(one -> at -> search(one, nfa, at, letters))
            .toList());
  }

  private static int search(Alternative one, Nfa nfa, int from, Letters letters) {
    int begin = one.atStart() ? from : more(nfa, from, letters);
    int end = add(one.part(), nfa, begin, letters);
    return one.atEnd() ? end : more(nfa, end, letters);
  }

  private static int more(Nfa nfa, int from, Letters letters) {
    return nfa.repeat(from, at -> letters.add(nfa, at, CharSet.ALL), 0, -1);
  }

  private static int add(Part part, Nfa nfa, int from, Letters letters) {
    return switch (part) {
      case One(CharSet characters) -> letters.add(nfa, from, characters);
      case Sequence(List<Part> parts) -> {
        int at = from;
        for (Part one : parts) {
          at = add(one, nfa, at, letters);
        }
        yield at;
      }
      case Either(List<Part> parts) ->
          nfa.either(
              from,
              parts.stream()
                  .<IntUnaryOperator>map(one -> at -> add(one, nfa, at, letters))
                  .toList());
      case Repeat(Part one, int least, int most) ->
          nfa.repeat(from, at -> add(one, nfa, at, letters), least, most);
    };
  }
}
