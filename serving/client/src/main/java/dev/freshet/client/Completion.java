package dev.freshet.client;

/**
 * A finished completion.
 *
 * @param id the server's id
 * @param text the generated text, cut before a stop string
 * @param tokenIds the generated tokens; empty unless the request asked for token ids
 * @param logprobs their logprobs; empty unless the request asked for logprobs
 * @param policyVersions the policy version that sampled each token; empty if the server does not
 *     report it
 * @param synthesised whether the versions are not the engine's, but were inferred from the moments
 *     at which the tokens arrived
 * @param finishReason {@code stop}, {@code length} or {@code abort}
 * @param promptTokens the number of prompt tokens; −1 if the server does not report it
 * @param ttftMs from the start of the call to the first token
 * @param wallMs from the start of the call to the end of the answer
 */
public record Completion(
    String id,
    String text,
    int[] tokenIds,
    float[] logprobs,
    int[] policyVersions,
    boolean synthesised,
    String finishReason,
    int promptTokens,
    double ttftMs,
    double wallMs) {
  /**
   * The same completion with the policy version of each token, which its server did not report.
   *
   * @param inferred whether no engine vouches for them
   */
  public Completion withPolicyVersions(int[] versions, boolean inferred) {
    return new Completion(
        id,
        text,
        tokenIds,
        logprobs,
        versions,
        inferred,
        finishReason,
        promptTokens,
        ttftMs,
        wallMs);
  }
}
