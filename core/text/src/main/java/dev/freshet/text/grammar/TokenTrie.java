package dev.freshet.text.grammar;

import dev.freshet.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The bytes of a vocabulary's tokens as a trie, in the order of a depth-first walk: the nodes below
 * a node follow it. Special tokens have no bytes, but for those that are named as tags. Immutable
 * and thread-safe.
 */
public final class TokenTrie {
  private record Token(int id, byte[] bytes) {}

  private final byte[][] byId;
  private final byte[] values;
  private final int[] depths;

  /** The first node after those below a node. */
  private final int[] skips;

  /** The tokens that end at a node: from one index of the ids to another. */
  private final int[] firsts;

  private final int[] ends;
  private final int[] ids;
  private final int deepest;
  private int count;

  private TokenTrie(List<Token> sorted, int vocabSize) {
    int most = sorted.stream().mapToInt(token -> token.bytes.length).sum();
    this.values = new byte[most];
    this.depths = new int[most];
    this.skips = new int[most];
    this.firsts = new int[most];
    this.ends = new int[most];
    this.ids = sorted.stream().mapToInt(Token::id).toArray();
    this.deepest = sorted.stream().mapToInt(token -> token.bytes.length).max().orElse(0);
    this.byId = new byte[vocabSize][0];
    sorted.forEach(token -> byId[token.id] = token.bytes);
    add(sorted, 0, sorted.size(), 0);
  }

  /**
   * The trie of a tokenizer's vocabulary.
   *
   * @param tags special tokens that stand for their own text
   */
  public static TokenTrie of(Tokenizer tokenizer, Set<String> tags) {
    List<Token> tokens = new ArrayList<>();
    for (int id = 0; id < tokenizer.vocabSize(); id++) {
      Optional<byte[]> bytes = tokenizer.bytes(id, tags);
      if (bytes.isPresent() && bytes.get().length > 0) {
        tokens.add(new Token(id, bytes.get()));
      }
    }
    tokens.sort((one, other) -> Arrays.compareUnsigned(one.bytes, other.bytes));
    return new TokenTrie(tokens, tokenizer.vocabSize());
  }

  /** Adds the nodes of sorted tokens that have their first {@code depth} bytes in common. */
  private void add(List<Token> sorted, int from, int to, int depth) {
    int at = from;
    while (at < to) {
      byte value = sorted.get(at).bytes[depth];
      int end = at;
      while (end < to && sorted.get(end).bytes[depth] == value) {
        end++;
      }
      int node = count++;
      values[node] = value;
      depths[node] = depth;
      firsts[node] = at;
      while (at < end && sorted.get(at).bytes.length == depth + 1) {
        at++;
      }
      ends[node] = at;
      add(sorted, at, end, depth + 1);
      skips[node] = count;
      at = end;
    }
  }

  /** One more than the highest id. */
  public int vocabSize() {
    return byId.length;
  }

  /** The bytes of a token; none if it is not in the trie. */
  byte[] bytes(int id) {
    return byId[id];
  }

  /** Sets the bits of the tokens that may follow in a state. */
  void collect(ByteGrammar grammar, long state, long[] bits) {
    long[] states = new long[deepest + 1];
    states[0] = state;
    for (int node = 0; node < count; ) {
      int depth = depths[node];
      long next = grammar.next(states[depth], values[node] & 0xFF);
      if (next == ByteGrammar.DEAD) {
        node = skips[node];
        continue;
      }
      states[depth + 1] = next;
      for (int i = firsts[node]; i < ends[node]; i++) {
        bits[ids[i] >> 6] |= 1L << ids[i];
      }
      node++;
    }
  }
}
