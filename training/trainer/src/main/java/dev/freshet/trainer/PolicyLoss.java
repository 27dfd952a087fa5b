package dev.freshet.trainer;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** A loss of policy-gradient training, by token. */
public sealed interface PolicyLoss {
  /**
   * The loss of each target token.
   *
   * @param policy logprobs under the policy being trained, {@code [n]}, with gradient
   * @param behaviour logprobs under the policy that generated the tokens, {@code [n]}
   * @param advantages {@code [n]}
   * @return {@code [n]}
   */
  Tensor tokens(Tensor policy, Tensor behaviour, Tensor advantages);

  /** The loss of that name with its usual constants. */
  static PolicyLoss named(String name) {
    return switch (name) {
      case "dppo" -> new Dppo(0.2, 1e-3);
      case "grpo" -> new Grpo(0.2);
      default ->
          throw new IllegalArgumentException(
              "loss '%s': expected one of %s"
                  .formatted(
                      name,
                      Arrays.stream(new String[] {"dppo", "grpo"})
                          .collect(Collectors.joining(", "))));
    };
  }

  /**
   * Divergence PPO with a KL term, as prime-rl defines it. With r = exp(log π − log μ) and d = π −
   * μ a token no longer pulls once its probability has moved its advantage's way by more than
   * {@code threshold}: it is masked when A &gt; 0 and d &gt; threshold, or A ≤ 0 and d &lt;
   * −threshold. The loss is −keep·A·r + klWeight·(log r)².
   */
  record Dppo(double threshold, double klWeight) implements PolicyLoss {
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

  /** The clipped surrogate of PPO as GRPO uses it: −min(r·A, clip(r, 1 − ε, 1 + ε)·A). */
  record Grpo(double epsilon) implements PolicyLoss {
    @Override
    public Tensor tokens(Tensor policy, Tensor behaviour, Tensor advantages) {
      Tensor ratio = policy.sub(behaviour).exp();
      Tensor clipped =
          torch.clamp(
              ratio,
              new org.bytedeco.pytorch.ScalarOptional(new Scalar(1 - epsilon)),
              new org.bytedeco.pytorch.ScalarOptional(new Scalar(1 + epsilon)));
      return torch.minimum(ratio.mul(advantages), clipped.mul(advantages)).neg();
    }
  }
}
