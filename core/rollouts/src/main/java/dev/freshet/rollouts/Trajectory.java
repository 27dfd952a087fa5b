package dev.freshet.rollouts;

import java.util.Arrays;

/**
 * The tokens of one rollout in the order in which the policy saw them: the prompt, a turn of the
 * policy, the environment's answer, the next turn. The parallel arrays have one length. They are
 * not copied and must not be changed.
 *
 * @param generated whether the policy generated the token; only these tokens have a loss
 * @param logprobs the engine's natural-log probability of a generated token when it was sampled; 0
 *     for other tokens
 * @param policyVersions the policy version that sampled a generated token; −1 for other tokens
 * @param synthesised whether the policy version of a generated token was inferred from the moment
 *     at which it arrived, because its server does not report it; false for other tokens
 */
public record Trajectory(
    int[] tokenIds,
    boolean[] generated,
    float[] logprobs,
    int[] policyVersions,
    boolean[] synthesised) {
  /** The policy version of a token that no policy generated. */
  public static final int NO_VERSION = -1;

  public Trajectory {
    int length = tokenIds.length;
    if (generated.length != length
        || logprobs.length != length
        || policyVersions.length != length
        || synthesised.length != length) {
      throw new InvalidRolloutException(
          UnusableRollout.Reason.LENGTHS,
          "trajectory of %d tokens: %d generated flags, %d logprobs, %d policy versions and %d marks of synthesised ones, expected equal numbers"
              .formatted(
                  length,
                  generated.length,
                  logprobs.length,
                  policyVersions.length,
                  synthesised.length));
    }
    for (int i = 0; i < length; i++) {
      boolean logprob = generated[i] ? Float.isFinite(logprobs[i]) : logprobs[i] == 0;
      boolean version =
          generated[i]
              ? policyVersions[i] >= 0
              : policyVersions[i] == NO_VERSION && !synthesised[i];
      if (tokenIds[i] < 0 || !logprob || !version) {
        UnusableRollout.Reason reason =
            tokenIds[i] < 0
                ? UnusableRollout.Reason.TOKEN_ID
                : logprob ? UnusableRollout.Reason.POLICY_VERSION : UnusableRollout.Reason.LOGPROB;
        throw new InvalidRolloutException(
            reason,
            "token %d (id %d, %s): logprob %s and %spolicy version %d, expected %s"
                .formatted(
                    i,
                    tokenIds[i],
                    generated[i] ? "generated" : "not generated",
                    logprobs[i],
                    synthesised[i] ? "synthesised " : "",
                    policyVersions[i],
                    generated[i] ? "a finite one and 0 or above" : "0 and −1"));
      }
    }
  }

  /** A trajectory whose policy versions were all reported by the server. */
  public Trajectory(int[] tokenIds, boolean[] generated, float[] logprobs, int[] policyVersions) {
    this(tokenIds, generated, logprobs, policyVersions, new boolean[tokenIds.length]);
  }

  /** The number of tokens. */
  public int length() {
    return tokenIds.length;
  }

  /** The number of tokens that the policy generated. */
  public int generatedCount() {
    return count(generated);
  }

  /** The number of tokens of the policy's longest turn. */
  public int longestTurn() {
    int longest = 0;
    int turn = 0;
    for (boolean mine : generated) {
      turn = mine ? turn + 1 : 0;
      longest = Math.max(longest, turn);
    }
    return longest;
  }

  /** The number of tokens whose policy version was synthesised. */
  public int synthesisedCount() {
    return count(synthesised);
  }

  private static int count(boolean[] flags) {
    int count = 0;
    for (boolean flag : flags) {
      count += flag ? 1 : 0;
    }
    return count;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Trajectory that
        && Arrays.equals(tokenIds, that.tokenIds)
        && Arrays.equals(generated, that.generated)
        && Arrays.equals(logprobs, that.logprobs)
        && Arrays.equals(policyVersions, that.policyVersions)
        && Arrays.equals(synthesised, that.synthesised);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(tokenIds) + Arrays.hashCode(logprobs);
  }

  @Override
  public String toString() {
    return "Trajectory[%d tokens, %d generated]".formatted(length(), generatedCount());
  }

  /** Builds a trajectory turn by turn. Not thread-safe. */
  public static final class Builder {
    private int length;
    private int[] tokenIds = new int[64];
    private boolean[] generated = new boolean[64];
    private float[] logprobs = new float[64];
    private int[] policyVersions = new int[64];
    private boolean[] synthesised = new boolean[64];

    /** Appends tokens that the policy did not generate: the prompt, or an environment's answer. */
    public Builder observe(int[] ids) {
      reserve(ids.length);
      System.arraycopy(ids, 0, tokenIds, length, ids.length);
      Arrays.fill(policyVersions, length, length + ids.length, NO_VERSION);
      length += ids.length;
      return this;
    }

    /** Appends tokens that the policy generated, with the engine's logprob and version of each. */
    public Builder generate(int[] ids, float[] logprobsOfIds, int[] versions) {
      return generate(ids, logprobsOfIds, versions, false);
    }

    /**
     * As {@link #generate(int[], float[], int[])}.
     *
     * @param inferred whether the versions are not the engine's but were synthesised
     */
    public Builder generate(int[] ids, float[] logprobsOfIds, int[] versions, boolean inferred) {
      if (logprobsOfIds.length != ids.length || versions.length != ids.length) {
        throw new IllegalArgumentException(
            "%d generated tokens: %d logprobs and %d policy versions, expected equal numbers"
                .formatted(ids.length, logprobsOfIds.length, versions.length));
      }
      reserve(ids.length);
      System.arraycopy(ids, 0, tokenIds, length, ids.length);
      System.arraycopy(logprobsOfIds, 0, logprobs, length, ids.length);
      System.arraycopy(versions, 0, policyVersions, length, ids.length);
      Arrays.fill(generated, length, length + ids.length, true);
      Arrays.fill(synthesised, length, length + ids.length, inferred);
      length += ids.length;
      return this;
    }

    /** All tokens so far: the prompt of the next turn. */
    public int[] tokenIds() {
      return Arrays.copyOf(tokenIds, length);
    }

    /** The trajectory so far. The builder remains usable. */
    public Trajectory build() {
      return new Trajectory(
          Arrays.copyOf(tokenIds, length),
          Arrays.copyOf(generated, length),
          Arrays.copyOf(logprobs, length),
          Arrays.copyOf(policyVersions, length),
          Arrays.copyOf(synthesised, length));
    }

    private void reserve(int more) {
      int needed = Math.addExact(length, more);
      if (needed > tokenIds.length) {
        int capacity = Math.max(needed, tokenIds.length * 2);
        tokenIds = Arrays.copyOf(tokenIds, capacity);
        generated = Arrays.copyOf(generated, capacity);
        logprobs = Arrays.copyOf(logprobs, capacity);
        policyVersions = Arrays.copyOf(policyVersions, capacity);
        synthesised = Arrays.copyOf(synthesised, capacity);
      }
    }
  }
}
