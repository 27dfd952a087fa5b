package dev.freshet.trainer.algorithm;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * REINFORCE with a truncated importance weight: −sg(min(w, cap))·A·log π, where sg passes no
 * gradient. Every token keeps a gradient, whatever its weight.
 */
final class TruncatedWeight {
  private TruncatedWeight() {}

  /**
   * The loss of each token.
   *
   * @param logWeights log w, {@code [n]}
   */
  static PolicyLoss.Terms of(Tensor logWeights, double cap, PolicyTokens tokens) {
    double most = Math.log(cap);
    Tensor weights =
        torch
            .clamp(logWeights.detach(), new ScalarOptional(), new ScalarOptional(new Scalar(most)))
            .exp();
    return new PolicyLoss.Terms(
        weights.mul(tokens.advantages()).mul(tokens.policy()).neg(),
        logWeights.detach().gt(new Scalar(most)));
  }
}
