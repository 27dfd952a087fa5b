package dev.freshet.text.grammar;

import java.util.Arrays;
import java.util.List;

/**
 * Tokens by their bytes, as a trie in the order of a depth-first walk: the nodes below a node
 * follow it. Immutable and thread-safe.
 */
final class ByteTrie {
  /**
   * A token and what it stands for.
   *
   * @param bytes at least one
   */
  record Token(int id, byte[] bytes) {}

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

  /** The trie of tokens in any order. */
  ByteTrie(List<Token> tokens) {
    List<Token> sorted =
        tokens.stream()
            .sorted((one, other) -> Arrays.compareUnsigned(one.bytes, other.bytes))
            .toList();
    int nodes = nodes(sorted);
    this.values = new byte[nodes];
    this.depths = new int[nodes];
    this.skips = new int[nodes];
    this.firsts = new int[nodes];
    this.ends = new int[nodes];
    this.ids = sorted.stream().mapToInt(Token::id).toArray();
    this.deepest = sorted.stream().mapToInt(token -> token.bytes.length).max().orElse(0);
    add(sorted, 0, sorted.size(), 0);
  }

  private static int nodes(List<Token> sorted) {
    byte[] before = {};
    int nodes = 0;
    for (Token token : sorted) {
      int differ = Arrays.mismatch(before, token.bytes);
      nodes += differ < 0 ? 0 : token.bytes.length - differ;
      before = token.bytes;
    }
    return nodes;
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
