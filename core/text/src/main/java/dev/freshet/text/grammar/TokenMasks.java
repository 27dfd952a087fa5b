package dev.freshet.text.grammar;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which tokens may follow in each state of a grammar. What was found once for a state is kept, up
 * to {@value #MOST_BYTES} bytes. Thread-safe.
 */
public final class TokenMasks {
  private static final int MOST_BYTES = 4 << 20;

  private final ByteGrammar grammar;
  private final TokenTrie trie;
  private final Map<Long, long[]> masks = new ConcurrentHashMap<>();
  private final int mostMasks;

  /** Masks of a vocabulary. */
  public TokenMasks(ByteGrammar grammar, TokenTrie trie) {
    this.grammar = grammar;
    this.trie = trie;
    this.mostMasks = Math.max(16, MOST_BYTES / Math.max(1, words() * Long.BYTES));
  }

  private int words() {
    return (trie.vocabSize() + Long.SIZE - 1) / Long.SIZE;
  }

  /** The state before the first token. */
  public long start() {
    return grammar.start();
  }

  /** Whether the tokens that led to a state are a whole text. */
  public boolean accepts(long state) {
    return grammar.accepts(state);
  }

  /** The state after a token, which must be one that may follow. */
  public long next(long state, int token) {
    long next = state;
    for (byte value : trie.bytes(token)) {
      next = grammar.next(next, value & 0xFF);
      if (next == ByteGrammar.DEAD) {
        throw new IllegalArgumentException(
            "token %d cannot follow: expected one that the grammar allows".formatted(token));
      }
    }
    return next;
  }

  /** Whether a token adds bytes to a text. */
  public boolean hasBytes(int token) {
    return token < trie.vocabSize() && trie.bytes(token).length > 0;
  }

  /** The tokens that may follow in a state, a bit each, by their ids; not to be changed. */
  public long[] allowed(long state) {
    long[] known = masks.get(state);
    if (known != null) {
      return known;
    }
    long[] found = new long[words()];
    trie.collect(grammar, state, found);
    if (masks.size() >= mostMasks) {
      masks.clear();
    }
    masks.put(state, found);
    return found;
  }

  /** About how many bytes of memory the grammar holds, without the masks. */
  public long bytes() {
    return grammar.bytes();
  }
}
