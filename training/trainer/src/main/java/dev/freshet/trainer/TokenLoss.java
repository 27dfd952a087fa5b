package dev.freshet.trainer;

import org.bytedeco.pytorch.Tensor;

/**
 * A loss that is a sum over target tokens, so that it may be computed from any part of them at a
 * time.
 */
@FunctionalInterface
interface TokenLoss {
  /**
   * What the policy being trained says at the positions that predict n targets.
   *
   * @param logprobs the targets' logprobs, {@code [n]}, with gradient
   * @param means the mean logprob over the vocabulary, {@code [n]}, with gradient
   * @param entropies the entropy of the distribution in nats, {@code [n]}, without gradient
   */
  record Scores(Tensor logprobs, Tensor means, Tensor entropies) {}

  /** The loss of these targets, a scalar. */
  Tensor of(Targets targets, Scores scores);

  /**
   * Whether the targets must have the sums over their sequences, which takes the logits twice: once
   * for the logprobs of all targets, once for the loss.
   */
  default boolean wholeSequences() {
    return false;
  }
}
