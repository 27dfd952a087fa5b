package dev.freshet.server.session;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/**
 * The turns from a root of a session's tree to a leaf, as one sequence of tokens: one sample of
 * training. The arrays are parallel.
 *
 * @param turns the turns, the root first
 * @param tokenIds the tokens
 * @param mask whether each was sampled; the others are of prompts
 * @param logprobs the logprob of each sampled token, 0 for those of prompts
 * @param versions the policy version of each sampled token, {@value #NO_VERSION} for those of
 *     prompts
 */
public record Branch(
    List<Turn> turns, int[] tokenIds, boolean[] mask, float[] logprobs, long[] versions) {
  /** The version of tokens that no policy made. */
  public static final long NO_VERSION = -1;

  public Branch {
    turns = List.copyOf(turns);
  }

  /** The branch that ends with {@code leaf}. */
  static Branch to(Turn leaf) {
    Deque<Turn> turns = new ArrayDeque<>();
    boolean[] mask = new boolean[leaf.size()];
    float[] logprobs = new float[leaf.size()];
    long[] versions = new long[leaf.size()];
    Arrays.fill(versions, NO_VERSION);
    for (Turn turn = leaf; turn != null; turn = turn.parent().orElse(null)) {
      SampledTokens sampled = turn.sampled();
      int from = turn.promptSize();
      Arrays.fill(mask, from, from + sampled.size(), true);
      System.arraycopy(sampled.logprobs(), 0, logprobs, from, sampled.size());
      System.arraycopy(sampled.versions(), 0, versions, from, sampled.size());
      turns.addFirst(turn);
    }
    return new Branch(List.copyOf(turns), leaf.tokens(), mask, logprobs, versions);
  }
}
