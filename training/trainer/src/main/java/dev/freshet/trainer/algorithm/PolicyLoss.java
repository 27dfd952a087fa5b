package dev.freshet.trainer.algorithm;

import org.bytedeco.pytorch.Tensor;

/**
 * The loss of an algorithm, token by token. Below, r = π(t) / μ(t) is the ratio of a token's
 * probability under the policy being trained to that under the policy that generated it, and A its
 * advantage. {@link Algorithm} registers the losses.
 */
public interface PolicyLoss {
  /**
   * The result for n tokens.
   *
   * @param loss {@code [n]}
   * @param cut the tokens whose ratio the algorithm clipped, truncated or masked, {@code [n]} of
   *     booleans
   */
  record Terms(Tensor loss, Tensor cut) {}

  /** The loss of each token. */
  Terms of(PolicyTokens tokens);

  /** How the tokens' losses become that of the batch. */
  LossMean mean();

  /** Whether {@link PolicyTokens#sequenceLogRatios} is read, which takes the logits twice. */
  default boolean wholeSequences() {
    return false;
  }
}
