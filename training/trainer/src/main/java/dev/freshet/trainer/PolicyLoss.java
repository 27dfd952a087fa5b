package dev.freshet.trainer;

import org.bytedeco.pytorch.Tensor;

/** A policy-gradient loss, computed token by token. {@link LossRule} registers the losses. */
interface PolicyLoss {
  /**
   * The loss of each target token.
   *
   * @param policy logprobs under the policy being trained, {@code [n]}, with gradient
   * @param behaviour logprobs under the policy that generated the tokens, {@code [n]}
   * @param advantages {@code [n]}
   * @return {@code [n]}
   */
  Tensor tokens(Tensor policy, Tensor behaviour, Tensor advantages);
}
