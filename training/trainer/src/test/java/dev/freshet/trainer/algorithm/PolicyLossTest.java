package dev.freshet.trainer.algorithm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.model.Torch;
import java.util.Arrays;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

/** Each loss over the same tokens, against values worked out by hand. */
class PolicyLossTest {
  /** π: the probability of each token under the policy being trained. */
  private static final double[] POLICY = {0.5, 0.7, 0.7, 0.1, 0.1, 0.1, 0.5};

  /** μ: under the policy that generated it. */
  private static final double[] BEHAVIOUR = {0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4};

  private static final float[] ADVANTAGES = {1, 1, -1, -2, 2, 0, 0};

  // r = 1.25 1.75 1.75 0.25 0.25 0.25 1.25; π − μ = 0.1 0.3 0.3 −0.3 −0.3 −0.3 0.1;
  // (log r)² = 0.0497930 0.3131665 0.3131665 1.9218121 1.9218121 1.9218121 0.0497930;
  // log π = −0.6931472 −0.3566749 −0.3566749 −2.3025851 −2.3025851 −2.3025851 −0.6931472.

  @Test
  void dppoMasksTokensWhoseProbabilityMovedWithTheirAdvantageByMoreThanTheThreshold() {
    // Masked: the second (A > 0, π − μ > 0.2), the fourth and the sixth (A ≤ 0, π − μ < −0.2).
    Values values = evaluate(new DppoLoss(0.2, 1e-3), 0);

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
    assertThat(values.cut()).containsExactly(0, 1, 0, 1, 0, 1, 0);
  }

  @Test
  void aMaskedTokenWhoseRatioOverflowsHasAFiniteGradient() {
    try (PointerScope _ = new PointerScope()) {
      Tensor policy = Torch.floats(new float[] {-0.01f}, 1).set_requires_grad(true);
      new DppoLoss(0.2, 1e-3)
          .of(tokens(policy, new float[] {-200}, new float[] {1}, 0))
          .loss()
          .sum()
          .backward();

      // Only 0.002·log r.
      assertThat((double) Torch.toFloats(policy.grad())[0]).isCloseTo(0.39998, within(1e-4));
    }
  }

  @Test
  void ipoMasksTokensWhoseProbabilityMovedEitherWay() {
    Values values = evaluate(new IpoLoss(0.2, 1e-3), 0);

    // Only the first and the last are kept; A = 0 in the last.
    assertClose(
        values.gradient(),
        -1.25 + 0.000446287,
        0.001119232,
        0.001119232,
        -0.002772589,
        -0.002772589,
        -0.002772589,
        0.000446287);
    assertThat(values.cut()).containsExactly(0, 1, 1, 1, 1, 1, 0);
  }

  @Test
  void grpoClipsTheRatioWhereClippingMakesTheObjectiveSmaller() {
    Values values = evaluate(new GrpoLoss(0.2), 0);

    assertClose(values.loss(), -1.2, -1.2, 1.75, 1.6, -0.5, 0, 0);
    assertClose(values.gradient(), 0, 0, 1.75, 0, -0.5, 0, 0);
    assertThat(values.cut()).containsExactly(1, 1, 0, 1, 0, 0, 0);
  }

  @Test
  void dapoLeavesMoreRoomAboveThanBelow() {
    Values values = evaluate(new DapoLoss(0.2, 0.28), 0);

    assertClose(values.loss(), -1.25, -1.28, 1.75, 1.6, -0.5, 0, 0);
    assertClose(values.gradient(), -1.25, 0, 1.75, 0, -0.5, 0, 0);
    assertThat(values.cut()).containsExactly(0, 1, 0, 1, 0, 0, 0);
  }

  @Test
  void gspoGivesEveryTokenTheGeometricMeanOfItsRolloutsRatios() {
    // Seven tokens with Σ log r = 7·log 1.1: within 0.2, outside 0.05.
    double sum = 7 * Math.log(1.1);

    Values kept = evaluate(new GspoLoss(0.2, 0.2), sum);
    assertClose(kept.loss(), -1.1, -1.1, 1.1, 2.2, -2.2, 0, 0);
    assertClose(kept.gradient(), -1.1, -1.1, 1.1, 2.2, -2.2, 0, 0);
    assertThat(kept.cut()).containsOnly(0);

    Values clipped = evaluate(new GspoLoss(0.05, 0.05), sum);
    assertClose(clipped.loss(), -1.05, -1.05, 1.1, 2.2, -2.1, 0, 0);
    assertClose(clipped.gradient(), 0, 0, 1.1, 2.2, 0, 0, 0);
    assertThat(clipped.cut()).containsExactly(1, 1, 0, 0, 1, 0, 0);
  }

  @Test
  void cispoTruncatesTheWeightAndKeepsTheGradient() {
    Values values = evaluate(new CispoLoss(1.5), 0);

    // −min(r, 1.5)·A·log π and, by log π, −min(r, 1.5)·A.
    assertClose(
        values.loss(),
        1.25 * 0.6931472,
        1.5 * 0.3566749,
        -1.5 * 0.3566749,
        -0.5 * 2.3025851,
        0.5 * 2.3025851,
        0,
        0);
    assertClose(values.gradient(), -1.25, -1.5, 1.5, 0.5, -0.5, 0, 0);
    assertThat(values.cut()).containsExactly(0, 1, 1, 0, 0, 0, 0);
  }

  @Test
  void tisTruncatesTheWeightOfATokenOrOfItsWholeRollout() {
    Values token = evaluate(new TisLoss(TisLoss.Level.TOKEN, 1.5), 0);
    assertClose(token.gradient(), -1.25, -1.5, 1.5, 0.5, -0.5, 0, 0);

    Values sequence = evaluate(new TisLoss(TisLoss.Level.SEQUENCE, 1.5), Math.log(1.4));
    assertClose(sequence.gradient(), -1.4, -1.4, 1.4, 2.8, -2.8, 0, 0);
    assertThat(sequence.cut()).containsOnly(0);

    // The product of a long rollout overflows a float; its weight does not.
    Values long_ = evaluate(new TisLoss(TisLoss.Level.SEQUENCE, 1.5), 1000);
    assertClose(long_.gradient(), -1.5, -1.5, 1.5, 3, -3, 0, 0);
    assertThat(long_.cut()).containsOnly(1);
  }

  @Test
  void rlooIsNotCorrectedForTheRatio() {
    Values values = evaluate(new RlooLoss(), 0);

    assertClose(values.loss(), 0.6931472, 0.3566749, -0.3566749, -4.6051702, 4.6051702, 0, 0);
    assertClose(values.gradient(), -1, -1, 1, 2, -2, 0, 0);
    assertThat(values.cut()).containsOnly(0);
  }

  @Test
  void theDivergenceFromAReferenceIsZeroWhereBothAgreeAndPositiveElsewhere() {
    try (PointerScope _ = new PointerScope()) {
      Tensor policy = Torch.floats(new float[] {-1, -1, -1}, 3).set_requires_grad(true);

      Tensor k3 = ReferenceKl.k3(policy, Torch.floats(new float[] {-1, -0.5f, -2}, 3));
      k3.sum().backward();

      // q = 0, 0.5, −1: e^q − q − 1, and by log π 1 − e^q.
      assertClose(Torch.toFloats(k3.detach()), 0, 0.1487213, 0.3678794);
      assertClose(Torch.toFloats(policy.grad()), 0, -0.6487213, 0.6321206);
    }
  }

  @Test
  void aMeanOverPartsOfABatchIsTheSumOfTheirContributions() {
    LossMean.BatchSize batch = new LossMean.BatchSize(2, 5);
    try (PointerScope _ = new PointerScope()) {
      // A rollout of 1 token with loss 8, one of 4 tokens with loss 1 each.
      Tensor first = Torch.floats(new float[] {8, 1}, 2);
      Tensor firstTokens = Torch.floats(new float[] {1, 4}, 2);
      Tensor rest = Torch.floats(new float[] {1, 1, 1}, 3);
      Tensor restTokens = Torch.floats(new float[] {4, 4, 4}, 3);
      Map<LossMean, Double> expected =
          Map.of(
              LossMean.TOKENS,
              12.0 / 5,
              LossMean.TOKENS_THEN_ROLLOUTS,
              (8 + 1) / 2.0,
              LossMean.ROLLOUTS,
              (8 + 4) / 2.0,
              new DrGrpoLoss(0.2, 5).mean(),
              (8 + 4) / 5.0 / 2.0);
      for (LossMean mean : expected.keySet()) {
        double sum =
            mean.of(first, firstTokens, batch).item_double()
                + mean.of(rest, restTokens, batch).item_double();
        assertThat(sum).as("%s", mean).isCloseTo(expected.get(mean), within(1e-6));
      }
    }
  }

  private record Values(float[] loss, float[] gradient, float[] cut) {}

  private static Values evaluate(PolicyLoss loss, double sequenceLogRatio) {
    try (PointerScope _ = new PointerScope()) {
      Tensor policy = Torch.floats(logs(POLICY), POLICY.length).set_requires_grad(true);
      PolicyLoss.Terms terms =
          loss.of(tokens(policy, logs(BEHAVIOUR), ADVANTAGES, sequenceLogRatio));
      terms.loss().sum().backward();
      return new Values(
          Torch.toFloats(terms.loss().detach()),
          Torch.toFloats(policy.grad()),
          Torch.toFloats(terms.cut().to(ScalarType.Float)));
    }
  }

  /** Tokens of one rollout. */
  private static PolicyTokens tokens(
      Tensor policy, float[] behaviour, float[] advantages, double sequenceLogRatio) {
    int n = behaviour.length;
    float[] sums = new float[n];
    Arrays.fill(sums, (float) sequenceLogRatio);
    float[] lengths = new float[n];
    Arrays.fill(lengths, n);
    return new PolicyTokens(
        policy,
        Torch.floats(behaviour, n),
        Torch.floats(advantages, n),
        Torch.floats(lengths, n),
        Torch.floats(sums, n));
  }

  private static float[] logs(double[] probabilities) {
    float[] logs = new float[probabilities.length];
    for (int i = 0; i < logs.length; i++) {
      logs[i] = (float) Math.log(probabilities[i]);
    }
    return logs;
  }

  private static void assertClose(float[] actual, double... expected) {
    assertThat(actual).hasSize(expected.length);
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) actual[i]).as("token %d", i).isCloseTo(expected[i], within(2e-6));
    }
  }
}
