package dev.freshet.trainer;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** The clipped surrogate of PPO as GRPO uses it: −min(r·A, clip(r, 1 − ε, 1 + ε)·A). */
record GrpoLoss(double epsilon) implements PolicyLoss {
  @Override
  public Tensor tokens(Tensor policy, Tensor behaviour, Tensor advantages) {
    Tensor ratio = policy.sub(behaviour).exp();
    Tensor clipped =
        torch.clamp(
            ratio,
            new ScalarOptional(new Scalar(1 - epsilon)),
            new ScalarOptional(new Scalar(1 + epsilon)));
    return torch.minimum(ratio.mul(advantages), clipped.mul(advantages)).neg();
  }
}
