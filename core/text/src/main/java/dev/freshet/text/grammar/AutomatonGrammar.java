package dev.freshet.text.grammar;

import java.util.List;
import org.apache.lucene.util.automaton.Automaton;
import org.apache.lucene.util.automaton.ByteRunAutomaton;

/** The texts of a deterministic automaton: a step is one look-up in a table. */
final class AutomatonGrammar implements ByteGrammar {
  /** The most states of the table, of about 300 bytes each. */
  private static final int MAX_STATES = 1 << 16;

  private final ByteRunAutomaton table;

  private AutomatonGrammar(ByteRunAutomaton table) {
    this.table = table;
  }

  /**
   * The texts between two states.
   *
   * @throws GrammarException if there is none, or the table would be too large
   */
  static AutomatonGrammar of(Nfa nfa, int start, int end) {
    Automaton bytes = Nfa.deterministic(nfa.between(start, end));
    if (bytes.getNumStates() == 0) {
      throw new GrammarException("", "a grammar that some text satisfies, got one without any");
    }
    if (bytes.getNumStates() > MAX_STATES) {
      throw new GrammarException(
          "", "a grammar of at most %d states, got %d".formatted(MAX_STATES, bytes.getNumStates()));
    }
    return new AutomatonGrammar(new ByteRunAutomaton(bytes, true));
  }

  /** The grammar of one of several texts. */
  static AutomatonGrammar choice(List<String> texts) {
    Nfa nfa = new Nfa();
    int start = nfa.state();
    return of(nfa, start, nfa.automaton(start, Nfa.of(texts)));
  }

  @Override
  public long start() {
    return 0;
  }

  @Override
  public long next(long state, int value) {
    return table.step((int) state, value);
  }

  @Override
  public boolean accepts(long state) {
    return table.isAccept((int) state);
  }

  @Override
  public long bytes() {
    return table.ramBytesUsed();
  }
}
