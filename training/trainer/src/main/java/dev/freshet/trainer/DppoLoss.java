package dev.freshet.trainer;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Divergence PPO with a KL term, as prime-rl defines it. With r = exp(log π − log μ) and d = π − μ
 * the loss is −keep·A·r + klWeight·(log r)². A token is masked (keep = 0) once its probability has
 * moved in the direction of its advantage by more than {@code threshold}: when A &gt; 0 and d &gt;
 * threshold, or A ≤ 0 and d &lt; −threshold.
 */
record DppoLoss(double threshold, double klWeight) implements PolicyLoss {
  @Override
  public Tensor tokens(Tensor policy, Tensor behaviour, Tensor advantages) {
    Tensor logRatio = policy.sub(behaviour);
    Tensor moved = policy.detach().exp().sub(behaviour.exp());
    Tensor raised = advantages.gt(new Scalar(0.0));
    Tensor masked =
        raised
            .logical_and(moved.gt(new Scalar(threshold)))
            .logical_or(raised.logical_not().logical_and(moved.lt(new Scalar(-threshold))));
    // Masked before exp as well: where the ratio overflows, 0 times its gradient would be NaN.
    Tensor ratio = logRatio.masked_fill(masked, new Scalar(0.0)).exp();
    Tensor pull = advantages.mul(ratio).masked_fill(masked, new Scalar(0.0));
    return logRatio.square().mul(new Scalar(klWeight)).sub(pull);
  }
}
