package dev.freshet.environments;

/**
 * The tokens of a conversation in the order in which the policy read them. The arrays are parallel.
 * They are not copied and must not be changed.
 *
 * @param sampled whether the policy sampled the token
 * @param logprobs the natural-log probability of a sampled token when it was sampled; 0 for other
 *     tokens
 * @param policyVersions the policy version that sampled a token; −1 for other tokens
 * @param synthesised whether the versions were inferred from the moment at which a turn began,
 *     because the program does not report them
 * @param finishReason of the last turn: {@code stop} or {@code length}
 * @param turns of the policy whose tokens are sampled here
 */
public record PlayedBranch(
    int[] tokenIds,
    boolean[] sampled,
    float[] logprobs,
    int[] policyVersions,
    boolean synthesised,
    String finishReason,
    int turns) {}
