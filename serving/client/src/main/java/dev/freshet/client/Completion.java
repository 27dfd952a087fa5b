package dev.freshet.client;

/**
 * A completion that has come to its end.
 *
 * @param id the server's id of it
 * @param text what was generated, cut before a stop string
 * @param tokenIds the generated tokens; empty unless the request asked for token ids
 * @param logprobs their logprobs; empty unless the request asked for logprobs
 * @param policyVersions the version of the weights that made each token; empty if the server does
 *     not say
 * @param finishReason {@code stop}, {@code length} or {@code abort}
 * @param promptTokens the tokens of the prompt; −1 if the server does not say
 * @param ttftMs from the start of the call to the first token
 * @param wallMs from the start of the call to the end of the answer
 */
public record Completion(
    String id,
    String text,
    int[] tokenIds,
    float[] logprobs,
    int[] policyVersions,
    String finishReason,
    int promptTokens,
    double ttftMs,
    double wallMs) {}
