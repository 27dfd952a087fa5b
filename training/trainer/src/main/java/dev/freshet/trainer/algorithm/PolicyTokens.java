package dev.freshet.trainer.algorithm;

import org.bytedeco.pytorch.Tensor;

/**
 * Generated tokens as parallel vectors of length n, in any order and any part of a batch. A
 * sequence is the generated tokens of one rollout.
 *
 * @param policy logprobs under the policy being trained, with gradient
 * @param behaviour logprobs under the policy that generated the tokens
 * @param advantages the tokens' advantages
 * @param sequenceTokens the number of tokens of each token's whole sequence, as floats
 * @param sequenceLogRatios the sum of policy − behaviour over each token's whole sequence, without
 *     gradient; 0 unless the loss asks for {@link PolicyLoss#wholeSequences}
 */
public record PolicyTokens(
    Tensor policy,
    Tensor behaviour,
    Tensor advantages,
    Tensor sequenceTokens,
    Tensor sequenceLogRatios) {

  /** log r of each token, with gradient. */
  Tensor logRatios() {
    return policy.sub(behaviour);
  }
}
