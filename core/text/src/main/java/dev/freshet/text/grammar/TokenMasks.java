package dev.freshet.text.grammar;

import java.nio.LongBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which tokens may follow in each state of a grammar. What was found once for a state is kept, and
 * states with the same tokens share them, up to {@value #MOST_BYTES} bytes. Thread-safe.
 */
public final class TokenMasks {
  private static final int MOST_BYTES = 4 << 20;
  private static final int MOST_STATES = 1 << 14;
  private static final int MOST_PREPARED = 32;
  private static final int MOST_LOOKED_AT = 1 << 10;

  private final ByteGrammar grammar;
  private final TokenTrie trie;
  private final PlainText plain;
  private final Map<Long, long[]> masks = new ConcurrentHashMap<>();

  /** The different masks, by their content. */
  private final Map<LongBuffer, long[]> different = new ConcurrentHashMap<>();

  private final int mostDifferent;

  /** Masks of a vocabulary. */
  public TokenMasks(ByteGrammar grammar, TokenTrie trie) {
    this.grammar = grammar;
    this.trie = trie;
    this.plain = new PlainText(grammar);
    this.mostDifferent = Math.max(16, MOST_BYTES / Math.max(1, trie.words() * Long.BYTES));
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
    long[] found = trie.following(grammar, plain, state);
    if (different.size() >= mostDifferent || masks.size() >= MOST_STATES) {
      masks.clear();
      different.clear();
    }
    long[] shared = different.computeIfAbsent(LongBuffer.wrap(found), _ -> found);
    masks.put(state, shared);
    return shared;
  }

  /**
   * Finds the tokens of the first states in which any plain text may follow, such as those within
   * strings: finding them takes longest. Other states are found when they are first asked for.
   */
  public void prepare() {
    Set<Long> seen = new HashSet<>(List.of(grammar.start()));
    Deque<Long> next = new ArrayDeque<>(seen);
    int prepared = 0;
    while (!next.isEmpty() && prepared < MOST_PREPARED) {
      long state = next.remove();
      if (plain.free(state, 1) > 0) {
        allowed(state);
        prepared++;
      }
      for (int value = 0; value <= 0xFF && seen.size() < MOST_LOOKED_AT; value++) {
        long after = grammar.next(state, value);
        if (after != ByteGrammar.DEAD && seen.add(after)) {
          next.add(after);
        }
      }
    }
  }

  /** About how many bytes of memory the grammar holds, without the masks. */
  public long bytes() {
    return grammar.bytes();
  }
}
