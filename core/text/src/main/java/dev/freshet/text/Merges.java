package dev.freshet.text;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The merges of byte-level BPE. A word begins as one token a byte; of the neighbours that a merge
 * joins, those of the lowest rank are joined first, the leftmost of them before the others, until
 * no merge is left. A word of n bytes takes O(n log n) time. Immutable.
 */
final class Merges {
  private static final long EMPTY = -1;

  private static final int NO_TOKEN = -1;

  /** The token of each byte; a vocabulary may lack those of bytes that are rare or never occur. */
  private final int[] byteTokens;

  /** Open addressing over pairs of tokens, the left one in the upper half. */
  private final long[] pairs;

  /** For each pair its rank in the upper half and the token that it makes. */
  private final long[] results;

  private Merges(int[] byteTokens, int capacity) {
    this.byteTokens = byteTokens;
    this.pairs = new long[capacity];
    this.results = new long[capacity];
    Arrays.fill(pairs, EMPTY);
  }

  /**
   * Reads the {@code merges} of a model, each an array of two tokens or both with a space between
   * them; empty if a merge joins or makes what is no token.
   */
  static Optional<Merges> of(JsonNode merges, Map<String, Integer> ids) {
    int[] byteTokens = new int[256];
    for (int b = 0; b < 256; b++) {
      byteTokens[b] = ids.getOrDefault(ByteAlphabet.written(new byte[] {(byte) b}), NO_TOKEN);
    }
    Merges table = new Merges(byteTokens, Integer.highestOneBit(Math.max(merges.size(), 1)) << 2);
    int rank = 0;
    for (JsonNode merge : merges) {
      String[] tokens =
          merge.isArray()
              ? new String[] {merge.path(0).asString(""), merge.path(1).asString("")}
              : merge.asString("").split(" ", 2);
      Integer left = ids.get(tokens[0]);
      Integer right = tokens.length == 2 ? ids.get(tokens[1]) : null;
      Integer joined = right == null ? null : ids.get(tokens[0] + tokens[1]);
      if (left == null || right == null || joined == null) {
        return Optional.empty();
      }
      table.put(pair(left, right), (long) rank++ << 32 | joined);
    }
    return Optional.of(table);
  }

  /** The tokens of a word; null if it has a byte without a token. */
  int @Nullable [] tokens(byte[] word) {
    for (byte b : word) {
      if (byteTokens[b & 0xFF] == NO_TOKEN) {
        return null;
      }
    }
    Symbols symbols = new Symbols(word);
    symbols.mergeAll();
    return symbols.left();
  }

  private static long pair(int left, int right) {
    return (long) left << 32 | right;
  }

  private int slot(long pair) {
    long mixed = pair * 0x9E3779B97F4A7C15L;
    return (int) (mixed >>> 32) & (pairs.length - 1);
  }

  /** A pair that is listed twice has its last rank. */
  private void put(long pair, long result) {
    int slot = slot(pair);
    while (pairs[slot] != EMPTY && pairs[slot] != pair) {
      slot = (slot + 1) & (pairs.length - 1);
    }
    pairs[slot] = pair;
    results[slot] = result;
  }

  /** The rank and the token of a merge; negative if the pair has none. */
  private long find(int left, int right) {
    long pair = pair(left, right);
    for (int slot = slot(pair); pairs[slot] != EMPTY; slot = (slot + 1) & (pairs.length - 1)) {
      if (pairs[slot] == pair) {
        return results[slot];
      }
    }
    return EMPTY;
  }

  /** A word while it is merged: a linked list of tokens, and the merges that it allows. */
  private final class Symbols {
    private static final int MERGED = -1;

    private final int[] tokens;
    private final int[] next;
    private final int[] previous;

    /** Rank of a merge in the upper half, position of its left token in the lower. */
    private final PriorityQueue<Long> merges = new PriorityQueue<>();

    Symbols(byte[] word) {
      tokens = new int[word.length];
      next = new int[word.length];
      previous = new int[word.length];
      for (int i = 0; i < word.length; i++) {
        tokens[i] = byteTokens[word[i] & 0xFF];
        next[i] = i + 1;
        previous[i] = i - 1;
      }
      for (int i = 0; i + 1 < word.length; i++) {
        offer(i);
      }
    }

    private void offer(int position) {
      long merge = find(tokens[position], tokens[next[position]]);
      if (merge >= 0) {
        merges.add((merge & 0xFFFF_FFFF_0000_0000L) | position);
      }
    }

    void mergeAll() {
      for (Long best = merges.poll(); best != null; best = merges.poll()) {
        int position = best.intValue();
        int right = tokens[position] == MERGED ? tokens.length : next[position];
        if (right == tokens.length) {
          continue;
        }
        long merge = find(tokens[position], tokens[right]);
        if (merge < 0 || merge >>> 32 != best >>> 32) {
          continue; // Another merge took one of the two since.
        }
        join(position, right, (int) merge);
      }
    }

    private void join(int position, int right, int token) {
      tokens[position] = token;
      tokens[right] = MERGED;
      next[position] = next[right];
      if (next[position] < tokens.length) {
        previous[next[position]] = position;
        offer(position);
      }
      if (previous[position] >= 0) {
        offer(previous[position]);
      }
    }

    int[] left() {
      return Arrays.stream(tokens).filter(token -> token != MERGED).toArray();
    }
  }
}
