package dev.freshet.text.grammar;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Any JSON object of at most {@value #MAX_LEVELS} levels. Lists and objects within each other are
 * not regular: an automaton reads one level, and a stack of bits says which kind each open level
 * has. A state is a number: 16 bits of the automaton, 6 of the depth, and the stack.
 */
final class JsonObjectGrammar implements ByteGrammar {
  static final int MAX_LEVELS = 32;

  private static final int STATE_BITS = 16;
  private static final int DEPTH_BITS = 6;
  private static final long STATE = (1L << STATE_BITS) - 1;
  private static final long DEPTH = (1L << DEPTH_BITS) - 1;

  /** The bytes of a whole object have been read. */
  private static final long DONE = STATE;

  private final AutomatonGrammar level;
  private final long inObject;
  private final long inList;
  private final long opensObject;
  private final long opensList;
  private final long closesObject;
  private final long closesList;
  private final long afterInObject;
  private final long afterInList;

  JsonObjectGrammar() {
    level = level();
    inObject = after("{");
    inList = after("[");
    opensObject = after("{\"\":{");
    opensList = after("{\"\":[");
    closesObject = after("{}");
    closesList = after("[]");
    afterInObject = after("{\"\":\"\"");
    afterInList = after("[\"\"");
  }

  /**
   * The text of one level up to its end, or up to where another level begins; it begins with the
   * bracket of its own.
   */
  private static AutomatonGrammar level() {
    Nfa nfa = new Nfa();
    int start = nfa.state();
    int opensObject = nfa.state();
    int opensList = nfa.state();
    int inObject = JsonText.space(nfa, nfa.text(start, "{"));
    int nextField = nfa.state();
    nfa.jump(inObject, nextField);
    int colon = nfa.text(JsonText.string(nfa, nextField, 0, -1), ":");
    int fieldValue = JsonText.space(nfa, colon);
    int afterField = JsonText.scalar(nfa, fieldValue);
    nfa.jump(JsonText.space(nfa, nfa.text(afterField, ",")), nextField);
    int closesObject = end(nfa, inObject, afterField, "}");

    int inList = JsonText.space(nfa, nfa.text(start, "["));
    int nextElement = nfa.state();
    nfa.jump(inList, nextElement);
    int afterElement = JsonText.scalar(nfa, nextElement);
    nfa.jump(JsonText.space(nfa, nfa.text(afterElement, ",")), nextElement);
    int closesList = end(nfa, inList, afterElement, "]");

    for (int value : List.of(fieldValue, nextElement)) {
      nfa.edge(value, CharSet.of('{'), opensObject);
      nfa.edge(value, CharSet.of('['), opensList);
    }
    int end = nfa.state();
    for (int one : List.of(opensObject, opensList, closesObject, closesList)) {
      nfa.jump(one, end);
    }
    return AutomatonGrammar.of(nfa, start, end);
  }

  private static int end(Nfa nfa, int begin, int afterValue, String bracket) {
    int last = nfa.state();
    nfa.jump(begin, last);
    nfa.jump(JsonText.space(nfa, afterValue), last);
    return nfa.text(last, bracket);
  }

  private long after(String text) {
    long state = level.start();
    for (byte one : text.getBytes(StandardCharsets.US_ASCII)) {
      state = level.next(state, one);
    }
    return state;
  }

  @Override
  public long start() {
    return level.start();
  }

  @Override
  public long next(long state, int value) {
    if (state == DONE) {
      return DEAD;
    }
    long depth = state >>> STATE_BITS & DEPTH;
    long stack = state >>> (STATE_BITS + DEPTH_BITS);
    long next = level.next(state & STATE, value);
    if (depth == 0) {
      return next == inObject ? state(inObject, 1, 0) : DEAD;
    }
    if (next == opensObject || next == opensList) {
      boolean object = next == opensObject;
      return depth == MAX_LEVELS
          ? DEAD
          : state(object ? inObject : inList, depth + 1, stack << 1 | (object ? 0 : 1));
    }
    if (next == closesObject || next == closesList) {
      long outer = stack >>> 1;
      return depth == 1
          ? DONE
          : state((outer & 1) == 0 ? afterInObject : afterInList, depth - 1, outer);
    }
    return next < 0 ? DEAD : state(next, depth, stack);
  }

  private static long state(long ofLevel, long depth, long stack) {
    return stack << (STATE_BITS + DEPTH_BITS) | depth << STATE_BITS | ofLevel;
  }

  @Override
  public boolean accepts(long state) {
    return state == DONE;
  }

  @Override
  public long bytes() {
    return level.bytes();
  }
}
