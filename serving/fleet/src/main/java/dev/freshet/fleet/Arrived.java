package dev.freshet.fleet;

/**
 * Tokens of a completion that has not ended.
 *
 * @param logprobs one a token
 * @param policyVersions one a token
 * @param synthesised whether the versions were inferred from the moments at which tokens arrived
 */
public record Arrived(int[] tokenIds, float[] logprobs, int[] policyVersions, boolean synthesised) {
  /** No token. */
  public static final Arrived NOTHING = new Arrived(new int[0], new float[0], new int[0], false);
}
