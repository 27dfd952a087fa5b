package dev.freshet.trainer.algorithm;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * PPO's clipped surrogate (arXiv 1707.06347, equation 7): −min(r·A, clip(r, 1 − low, 1 + high)·A).
 * A token has no gradient once its ratio has moved past the bound in the direction of its
 * advantage.
 */
final class ClippedSurrogate {
  private ClippedSurrogate() {}

  /**
   * The loss of each token.
   *
   * @param logRatios log r, {@code [n]}
   * @param advantages {@code [n]}
   */
  static PolicyLoss.Terms of(Tensor logRatios, Tensor advantages, double low, double high) {
    Tensor ratio = logRatios.exp();
    Tensor clipped =
        torch.clamp(
            ratio,
            new ScalarOptional(new Scalar(1 - low)),
            new ScalarOptional(new Scalar(1 + high)));
    Tensor objective = torch.minimum(ratio.mul(advantages), clipped.mul(advantages));
    Tensor raised = advantages.gt(new Scalar(0.0)).logical_and(ratio.gt(new Scalar(1 + high)));
    Tensor lowered = advantages.lt(new Scalar(0.0)).logical_and(ratio.lt(new Scalar(1 - low)));
    return new PolicyLoss.Terms(objective.neg(), raised.logical_or(lowered));
  }
}
