package dev.freshet.text.grammar;

import java.util.Optional;
import java.util.function.Function;

/**
 * How many values that one recursive reference describes may be within each other. An automaton
 * cannot count levels without a bound, so a schema is expanded to one: {@value #MOST_LEVELS}
 * levels, or fewer where that many would make the grammar too large. Not thread-safe.
 */
final class Recursion {
  static final int MOST_LEVELS = 8;

  private static final int[] LEVELS = {MOST_LEVELS, 5, 3, 2};

  private final int levels;

  /** The place of a reference that was not followed further. */
  private Optional<String> cut = Optional.empty();

  private Recursion(int levels) {
    this.levels = levels;
  }

  /**
   * A grammar with as many levels as it can have.
   *
   * @param grammar makes it; called again with fewer levels after an error of a recursive schema
   * @throws GrammarException if it cannot be made with the fewest levels
   */
  static ByteGrammar bounded(Function<Recursion, ByteGrammar> grammar) {
    for (int levels : LEVELS) {
      Recursion recursion = new Recursion(levels);
      try {
        return grammar.apply(recursion);
      } catch (GrammarException e) {
        boolean last = levels == LEVELS[LEVELS.length - 1];
        if (recursion.cut.isEmpty() || (last && !e.place().isEmpty())) {
          throw e;
        }
        if (last) {
          throw new GrammarException(
              recursion.cut.get(),
              "a recursive reference of which %d levels are enough, and %s"
                  .formatted(levels, e.expected()),
              e);
        }
      }
    }
    throw new AssertionError("no levels");
  }

  /**
   * Whether a reference may be followed once more.
   *
   * @param place where it is
   * @param within how many values that it describes are around
   */
  boolean mayFollow(String place, long within) {
    if (within < levels) {
      return true;
    }
    cut = Optional.of(place);
    return false;
  }
}
