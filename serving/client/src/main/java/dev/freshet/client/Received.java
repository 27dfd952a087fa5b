package dev.freshet.client;

/**
 * The tokens of a running completion that have arrived, from some position on.
 *
 * @param tokenIds empty unless the request asked for token ids
 * @param logprobs empty unless the request asked for logprobs
 * @param policyVersions empty if the server does not report them
 */
public record Received(int[] tokenIds, float[] logprobs, int[] policyVersions) {
  /** No token. */
  public static final Received NOTHING = new Received(new int[0], new float[0], new int[0]);
}
