package dev.freshet.server;

import dev.freshet.engine.TokenConstraint;
import dev.freshet.text.grammar.TokenMasks;
import java.util.Set;

/**
 * The tokens that continue a text of a grammar, and tokens that end a whole one.
 *
 * @param state that of the grammar after the tokens so far
 * @param ends tokens that end a text; after one of them only such may follow
 * @param ended whether one of them was generated
 */
record GrammarConstraint(TokenMasks masks, long state, Set<Integer> ends, boolean ended)
    implements TokenConstraint {
  /** The constraint before the first token. */
  static GrammarConstraint begin(TokenMasks masks, Set<Integer> ends) {
    return new GrammarConstraint(masks, masks.start(), ends, false);
  }

  @Override
  public long[] allowed() {
    long[] allowed = ended ? new long[0] : masks.allowed(state);
    return isComplete() && !ends.isEmpty() ? withEnds(allowed) : allowed;
  }

  private long[] withEnds(long[] allowed) {
    int highest = ends.stream().mapToInt(Integer::intValue).max().orElse(0);
    long[] all = new long[Math.max(allowed.length, highest / Long.SIZE + 1)];
    System.arraycopy(allowed, 0, all, 0, allowed.length);
    for (int end : ends) {
      all[end / Long.SIZE] |= 1L << end;
    }
    return all;
  }

  @Override
  public TokenConstraint after(int token) {
    return isComplete() && ends.contains(token)
        ? new GrammarConstraint(masks, state, ends, true)
        : new GrammarConstraint(masks, masks.next(state, token), ends, false);
  }

  @Override
  public boolean isComplete() {
    return ended || masks.accepts(state);
  }
}
