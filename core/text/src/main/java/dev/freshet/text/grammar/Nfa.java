package dev.freshet.text.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.automaton.Automata;
import org.apache.lucene.util.automaton.Automaton;
import org.apache.lucene.util.automaton.Operations;
import org.apache.lucene.util.automaton.TooComplexToDeterminizeException;
import org.apache.lucene.util.automaton.Transition;

/**
 * A nondeterministic automaton over bytes of UTF-8 while it is built. Every method that adds a part
 * takes the state where the part begins and returns the one where it ends, so a sequence is a chain
 * of calls. Its size is bounded: a part that does not fit is a {@link GrammarException}. Not
 * thread-safe.
 */
final class Nfa {
  /** The most states: a schema that describes more is refused. */
  static final int MAX_STATES = 1 << 17;

  /** The most edges without jumps. */
  private static final int MAX_EDGES = 1 << 22;

  /** The most work of making it deterministic, in Lucene's unit of ten visited states. */
  private static final int MAX_WORK = 50_000;

  /** The same in units of ten edges of visited states: at most about a second. */
  private static final int MAX_STEPS = 2_000_000;

  private static final int[] NONE = {};

  /** The bytes from one to another, both included. */
  private record Edge(int first, int last, int to) {}

  private final List<List<Edge>> edges = new ArrayList<>();
  private int[][] jumps = new int[64][];

  /** Adds a state. */
  int state() {
    if (edges.size() == MAX_STATES) {
      throw new GrammarException(
          "", "a grammar of at most %d states, got a larger one".formatted(MAX_STATES));
    }
    if (edges.size() == jumps.length) {
      jumps = Arrays.copyOf(jumps, 2 * jumps.length);
    }
    jumps[edges.size()] = NONE;
    edges.add(new ArrayList<>(1));
    return edges.size() - 1;
  }

  /** Adds the way from one state to another without a character. */
  void jump(int from, int to) {
    int[] before = jumps[from];
    jumps[from] = Arrays.copyOf(before, before.length + 1);
    jumps[from][before.length] = to;
  }

  /** Adds the characters of a set between two states. */
  void edge(int from, CharSet characters, int to) {
    int[] rest = {to, -1, -1, -1};
    for (CharSet.Range range : characters.ranges()) {
      Utf8Ranges.split(range, bytes -> sequence(from, bytes, rest));
    }
  }

  /**
   * Adds the ranges of the bytes of a sequence.
   *
   * @param rest the states that have so many bytes of any value to the end, as far as there are
   */
  private void sequence(int from, int[][] bytes, int[] rest) {
    int at = from;
    for (int i = 0; i < bytes.length; i++) {
      int next = Utf8Ranges.isFree(bytes, i + 1) ? rest(bytes.length - i - 1, rest) : state();
      edges.get(at).add(new Edge(bytes[i][0], bytes[i][1], next));
      at = next;
      if (Utf8Ranges.isFree(bytes, i + 1)) {
        return;
      }
    }
  }

  /** The state that has so many continuation bytes to the end. */
  private int rest(int count, int[] rest) {
    if (rest[count] < 0) {
      rest[count] = state();
      edges
          .get(rest[count])
          .add(new Edge(Utf8Ranges.LOWEST, Utf8Ranges.HIGHEST, rest(count - 1, rest)));
    }
    return rest[count];
  }

  /** Adds one character of a set. */
  int one(int from, CharSet characters) {
    int end = state();
    edge(from, characters, end);
    return end;
  }

  /** Adds a text. */
  int text(int from, String text) {
    int end = from;
    for (int c : text.codePoints().toArray()) {
      end = one(end, CharSet.of(c));
    }
    return end;
  }

  /**
   * Adds a part repeatedly.
   *
   * @param part adds it once
   * @param most −1 for any number
   */
  int repeat(int from, IntUnaryOperator part, int least, int most) {
    int at = from;
    for (int i = 0; i < least; i++) {
      at = part.applyAsInt(at);
    }
    if (most < 0) {
      int loop = state();
      jump(at, loop);
      jump(part.applyAsInt(loop), loop);
      return loop;
    }
    int end = state();
    jump(at, end);
    for (int i = least; i < most; i++) {
      at = part.applyAsInt(at);
      jump(at, end);
    }
    return end;
  }

  /** Adds one of several parts, at least one. */
  int either(int from, List<IntUnaryOperator> parts) {
    int end = state();
    for (IntUnaryOperator part : parts) {
      int begin = state();
      jump(from, begin);
      jump(part.applyAsInt(begin), end);
    }
    return end;
  }

  /** Adds the texts of an automaton. */
  int automaton(int from, Automaton added) {
    int[] own = new int[added.getNumStates()];
    for (int i = 0; i < own.length; i++) {
      own[i] = state();
    }
    int end = state();
    if (own.length == 0) {
      return end;
    }
    jump(from, own[0]);
    Transition transition = new Transition();
    for (int i = 0; i < own.length; i++) {
      int count = added.initTransition(i, transition);
      for (int j = 0; j < count; j++) {
        added.getNextTransition(transition);
        edges.get(own[i]).add(new Edge(transition.min, transition.max, own[transition.dest]));
      }
      if (added.isAccept(i)) {
        jump(own[i], end);
      }
    }
    return end;
  }

  /** The texts between two states, as an automaton without jumps. */
  Automaton between(int start, int end) {
    Automaton.Builder made = new Automaton.Builder();
    int[] number = new int[edges.size()];
    Arrays.fill(number, -1);
    int[] seen = new int[edges.size()];
    int count = 0;
    List<Integer> found = new ArrayList<>(List.of(start));
    number[start] = made.createState();
    for (int i = 0; i < found.size(); i++) {
      for (int state : closure(found.get(i), seen, i + 1)) {
        if (state == end) {
          made.setAccept(i, true);
        }
        for (Edge edge : edges.get(state)) {
          if (number[edge.to] < 0) {
            number[edge.to] = made.createState();
            found.add(edge.to);
          }
          if (++count > MAX_EDGES) {
            throw new GrammarException("", "a simpler grammar: it has too many alternatives");
          }
          made.addTransition(i, number[edge.to], edge.first, edge.last);
        }
      }
    }
    return made.finish();
  }

  /**
   * The states that jumps lead to, and the state itself.
   *
   * @param seen is {@code mark} for those, and has no other mark of that number
   */
  private List<Integer> closure(int state, int[] seen, int mark) {
    List<Integer> reached = new ArrayList<>(List.of(state));
    seen[state] = mark;
    for (int i = 0; i < reached.size(); i++) {
      for (int to : jumps[reached.get(i)]) {
        if (seen[to] != mark) {
          seen[to] = mark;
          reached.add(to);
        }
      }
    }
    return reached;
  }

  /** A deterministic automaton of some texts, whose common beginnings and ends are one. */
  static Automaton of(List<String> texts) {
    List<BytesRef> sorted = texts.stream().distinct().map(BytesRef::new).sorted().toList();
    for (BytesRef text : sorted) {
      if (text.length > Automata.MAX_STRING_UNION_TERM_LENGTH) {
        throw new GrammarException(
            "",
            "texts of at most %d bytes, got one of %d"
                .formatted(Automata.MAX_STRING_UNION_TERM_LENGTH, text.length));
      }
    }
    return Automata.makeBinaryStringUnion(sorted);
  }

  /** The same texts in a deterministic automaton without states that lead nowhere. */
  static Automaton deterministic(Automaton automaton) {
    return deterministic(automaton, 1);
  }

  /**
   * The same for one of many automata.
   *
   * @param share the part of the work that may be done for it: one by this number
   */
  static Automaton deterministic(Automaton automaton, int share) {
    int work = Math.min(MAX_WORK, MAX_STEPS / degree(automaton)) / share;
    try {
      return Operations.removeDeadStates(Operations.determinize(automaton, work));
    } catch (TooComplexToDeterminizeException e) {
      throw new GrammarException("", "a simpler grammar: it cannot be made deterministic", e);
    }
  }

  /**
   * The mean number of edges beside an edge. Lucene counts the states that it visits, and the time
   * that one takes grows with its edges.
   */
  private static int degree(Automaton automaton) {
    long edges = 1;
    long squares = 1;
    for (int state = 0; state < automaton.getNumStates(); state++) {
      long own = automaton.getNumTransitions(state);
      edges += own;
      squares += own * own;
    }
    return Math.toIntExact(Math.ceilDiv(squares, edges));
  }
}
