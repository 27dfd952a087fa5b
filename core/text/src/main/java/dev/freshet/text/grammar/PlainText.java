package dev.freshet.text.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * How much plain text may follow in the states of a grammar. Plain characters are those that a JSON
 * string has without an escape: most tokens of a vocabulary consist of them, and within a string
 * all of them may follow. What was found for a state is kept. Thread-safe.
 */
final class PlainText {
  /** The most states that one more character may lead to, before a state counts as not free. */
  private static final int MOST_NEXT = 16;

  private static final int MOST_KEPT = 1 << 12;
  private static final int MOST_PAIRS = 256;

  /** One plain character. */
  private static final AutomatonGrammar CHARACTER = character();

  private static final Optional<long[]> NOT_FREE = Optional.empty();

  private final ByteGrammar grammar;
  private final Map<Long, Optional<long[]>> nexts = new ConcurrentHashMap<>();

  PlainText(ByteGrammar grammar) {
    this.grammar = grammar;
  }

  private static AutomatonGrammar character() {
    Nfa nfa = new Nfa();
    int start = nfa.state();
    return AutomatonGrammar.of(nfa, start, nfa.one(start, JsonText.PLAIN));
  }

  /** The number of characters if bytes are whole plain characters. */
  static OptionalInt characters(byte[] bytes) {
    long state = CHARACTER.start();
    int count = 0;
    for (byte value : bytes) {
      state = CHARACTER.next(state, value & 0xFF);
      if (state == ByteGrammar.DEAD) {
        return OptionalInt.empty();
      }
      if (CHARACTER.accepts(state)) {
        count++;
        state = CHARACTER.start();
      }
    }
    return state == CHARACTER.start() ? OptionalInt.of(count) : OptionalInt.empty();
  }

  /** How many plain characters may follow in a state, whichever they are; {@code most} for more. */
  int free(long state, int most) {
    Set<Long> seen = new HashSet<>(Set.of(state));
    List<Long> newest = List.of(state);
    for (int count = 0; count < most; count++) {
      List<Long> reached = new ArrayList<>();
      for (long from : newest) {
        Optional<long[]> next = next(from);
        if (next.isEmpty()) {
          return count;
        }
        for (long to : next.get()) {
          if (seen.add(to)) {
            reached.add(to);
          }
        }
      }
      if (reached.isEmpty()) {
        return most;
      }
      newest = reached;
    }
    return most;
  }

  /** The states after one more plain character; empty if not all may follow. */
  private Optional<long[]> next(long state) {
    Optional<long[]> known = nexts.get(state);
    if (known == null) {
      if (nexts.size() >= MOST_KEPT) {
        nexts.clear();
      }
      known = find(state);
      nexts.put(state, known);
    }
    return known;
  }

  /** A state of the grammar within a character, and the state of the character. */
  private record Within(long character, long state) {}

  private Optional<long[]> find(long state) {
    Set<Long> ends = new HashSet<>();
    List<Within> open = new ArrayList<>(List.of(new Within(CHARACTER.start(), state)));
    Set<Within> seen = new HashSet<>(open);
    for (int i = 0; i < open.size(); i++) {
      Within at = open.get(i);
      long newest = ByteGrammar.DEAD;
      for (int value = 0; value <= 0xFF; value++) {
        long character = CHARACTER.next(at.character, value);
        if (character == ByteGrammar.DEAD) {
          continue;
        }
        long next = grammar.next(at.state, value);
        if (next == ByteGrammar.DEAD) {
          return NOT_FREE;
        }
        if (!CHARACTER.accepts(character)) {
          Within within = new Within(character, next);
          if (seen.add(within)) {
            open.add(within);
          }
        } else if (next != newest) {
          newest = next;
          ends.add(next);
        }
      }
      if (ends.size() > MOST_NEXT || open.size() > MOST_PAIRS) {
        return NOT_FREE;
      }
    }
    long[] states = ends.stream().mapToLong(Long::longValue).toArray();
    Arrays.sort(states);
    return Optional.of(states);
  }
}
