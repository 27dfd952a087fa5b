package dev.freshet.server.session;

/**
 * The tokens that were sampled in one turn; parallel arrays, not to be changed.
 *
 * @param ids the token ids, the one that ended the turn included
 * @param logprobs the logprob of each
 * @param versions the policy version that made each
 */
public record SampledTokens(int[] ids, float[] logprobs, long[] versions) {
  /** Bytes that one token occupies. */
  static final int TOKEN_BYTES = Integer.BYTES + Float.BYTES + Long.BYTES;

  int size() {
    return ids.length;
  }
}
