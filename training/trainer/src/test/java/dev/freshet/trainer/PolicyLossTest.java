package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.model.Torch;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

/** Each loss over the same tokens, against values worked out by hand. */
class PolicyLossTest {
  /** π: the probability of each token under the policy being trained. */
  private static final double[] POLICY = {0.5, 0.7, 0.7, 0.1, 0.1, 0.1, 0.5};

  /** μ: under the policy that generated it. */
  private static final double[] BEHAVIOUR = {0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4};

  private static final float[] ADVANTAGES = {1, 1, -1, -2, 2, 0, 0};

  @Test
  void dppoMasksTokensWhoseProbabilityMovedWithTheirAdvantageByMoreThanTheThreshold() {
    try (PointerScope _ = new PointerScope()) {
      Values values = evaluate(LossRule.DPPO.loss());

      // r = 1.25 1.75 1.75 0.25 0.25 0.25 1.25; π − μ = 0.1 0.3 0.3 −0.3 −0.3 −0.3 0.1;
      // (log r)² = 0.0497930 0.3131665 0.3131665 1.9218121 1.9218121 1.9218121 0.0497930.
      // Masked: the second (A > 0, π − μ > 0.2), the fourth and the sixth (A ≤ 0, π − μ < −0.2).
      assertClose(
          values.loss(),
          -1.25 + 0.0000497930,
          0.0003131665,
          1.75 + 0.0003131665,
          0.0019218121,
          -0.5 + 0.0019218121,
          0.0019218121,
          0.0000497930);
      // By log π: −A·r where it is kept, and 0.002·log r.
      assertClose(
          values.gradient(),
          -1.25 + 0.000446287,
          0.001119232,
          1.75 + 0.001119232,
          -0.002772589,
          -0.5 - 0.002772589,
          -0.002772589,
          0.000446287);
    }
  }

  @Test
  void aMaskedTokenWhoseRatioOverflowsHasAFiniteGradient() {
    try (PointerScope _ = new PointerScope()) {
      Tensor policy = Torch.floats(new float[] {-0.01f}, 1).set_requires_grad(true);
      LossRule.DPPO
          .loss()
          .tokens(policy, Torch.floats(new float[] {-200}, 1), Torch.floats(new float[] {1}, 1))
          .sum()
          .backward();

      // Only 0.002·log r.
      assertThat((double) Torch.toFloats(policy.grad())[0]).isCloseTo(0.39998, within(1e-4));
    }
  }

  @Test
  void grpoClipsTheRatioWhereClippingMakesTheObjectiveSmaller() {
    try (PointerScope _ = new PointerScope()) {
      Values values = evaluate(LossRule.GRPO.loss());

      assertClose(values.loss(), -1.2, -1.2, 1.75, 1.6, -0.5, 0, 0);
      assertClose(values.gradient(), 0, 0, 1.75, 0, -0.5, 0, 0);
    }
  }

  private record Values(float[] loss, float[] gradient) {}

  private static Values evaluate(PolicyLoss loss) {
    Tensor policy = logs(POLICY);
    policy.set_requires_grad(true);
    Tensor tokens =
        loss.tokens(policy, logs(BEHAVIOUR), Torch.floats(ADVANTAGES, ADVANTAGES.length));
    tokens.sum().backward();
    return new Values(Torch.toFloats(tokens.detach()), Torch.toFloats(policy.grad()));
  }

  private static Tensor logs(double[] probabilities) {
    float[] logs = new float[probabilities.length];
    for (int i = 0; i < logs.length; i++) {
      logs[i] = (float) Math.log(probabilities[i]);
    }
    return Torch.floats(logs, logs.length);
  }

  private static void assertClose(float[] actual, double... expected) {
    assertThat(actual).hasSize(expected.length);
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) actual[i]).as("token %d", i).isCloseTo(expected[i], within(2e-6));
    }
  }
}
