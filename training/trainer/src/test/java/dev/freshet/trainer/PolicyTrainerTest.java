package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.model.ModelWeights;
import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.trace.MonotonicClock;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class PolicyTrainerTest {
  private static final int[] GOOD = {1, 4, 5, 6, 3, 6, 5, 4, 2};
  private static final int[] BAD = {1, 4, 5, 6, 3, 4, 4, 9, 10};
  private static final int GENERATED = 4;

  @ParameterizedTest
  @EnumSource(LossRule.class)
  void aStepRaisesTheBetterAnswerAndLowersTheWorse(LossRule rule) {
    ModelWeights weights = TinyModel.weights();
    try (TrainableModel model = TinyModel.trainable(weights)) {
      PolicyTrainer trainer = trainer(model, rule);
      double good = sum(TinyModel.logprobs(weights, GOOD, GENERATED));
      double bad = sum(TinyModel.logprobs(weights, BAD, GENERATED));

      trainer.step(batch(weights));

      assertThat(sum(TinyModel.logprobs(weights, GOOD, GENERATED))).isGreaterThan(good);
      assertThat(sum(TinyModel.logprobs(weights, BAD, GENERATED))).isLessThan(bad);
    }
  }

  @ParameterizedTest
  @EnumSource(LossRule.class)
  void theLossFallsOnAFixedBatch(LossRule rule) {
    // So slow that no probability moves far enough to be masked.
    OptimizerConfig slow = new OptimizerConfig(1e-3, 0, 0, 0.9, 0.99, 1e-8, 0, 1e9);
    ModelWeights weights = TinyModel.weights();
    try (TrainableModel model = new TrainableModel(weights, TinyModel.ONE_THREAD, slow)) {
      PolicyTrainer trainer = trainer(model, rule);
      TrainingBatch batch = batch(weights);
      double first = trainer.step(batch).loss();
      double second = trainer.step(batch).loss();
      double third = trainer.step(batch).loss();

      assertThat(first).isCloseTo(0, within(1e-5)); // r = 1 and the advantages cancel.
      assertThat(second).isLessThan(first);
      assertThat(third).isLessThan(second);
    }
  }

  @Test
  void aStepOnTheModelsOwnLogprobsShowsNoMismatchAndTheEntropyOfItsDistributions() {
    ModelWeights weights = TinyModel.weights();
    try (TrainableModel model = TinyModel.trainable(weights)) {
      double entropy = 0;
      for (int[] tokens : List.of(GOOD, BAD)) {
        for (float[] row : TinyModel.distributions(weights, TinyModel.example(tokens, GENERATED))) {
          for (float logprob : row) {
            entropy -= Math.exp(logprob) * logprob;
          }
        }
      }

      StepMetrics metrics = trainer(model, LossRule.DPPO).step(batch(weights));

      assertThat(metrics.mismatchKl()).isCloseTo(0, within(1e-6));
      assertThat(metrics.entropy()).isCloseTo(entropy / (2 * GENERATED), within(1e-4));
      assertThat(metrics.tokens()).isEqualTo(2 * GENERATED);
      assertThat(metrics.gradNorm()).isGreaterThan(0);
      assertThat(metrics.step()).isEqualTo(1);
    }
  }

  @Test
  void theMismatchIsTheMeanOfRMinusLogRMinusOne() {
    ModelWeights weights = TinyModel.weights();
    try (TrainableModel model = TinyModel.trainable(weights)) {
      float[] own = TinyModel.logprobs(weights, GOOD, GENERATED);
      float[] shifted = own.clone();
      shifted[0] -= 0.5f;
      shifted[1] += 0.25f;

      StepMetrics metrics =
          trainer(model, LossRule.DPPO)
              .step(new TrainingBatch(1, List.of(TinyModel.rollout(GOOD, shifted, 1))));

      double expected = (Math.exp(0.5) - 0.5 - 1 + Math.exp(-0.25) + 0.25 - 1) / GENERATED;
      assertThat(metrics.mismatchKl()).isCloseTo(expected, within(1e-5));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {9, 18, 30, 64})
  void aBatchInMicroBatchesOfAnySizeIsTheStepOfTheWholeBatch(int microTokens) {
    // A large eps makes the update nearly proportional to the gradient.
    OptimizerConfig smooth = new OptimizerConfig(1e-2, 0, 0, 0.9, 0.99, 1, 0, 1e9);
    ModelWeights one = TinyModel.weights();
    ModelWeights many = TinyModel.weights();
    try (TrainableModel whole = new TrainableModel(one, TinyModel.ONE_THREAD, smooth);
        TrainableModel cut = new TrainableModel(many, TinyModel.ONE_THREAD, smooth)) {
      TrainingBatch batch = uneven(one);
      StepMetrics a =
          new PolicyTrainer(whole, LossRule.GRPO.loss(), 32, 1 << 20, MonotonicClock.SYSTEM)
              .step(batch);
      StepMetrics b =
          new PolicyTrainer(cut, LossRule.GRPO.loss(), 9, microTokens, MonotonicClock.SYSTEM)
              .step(batch);

      assertThat(b.tokens()).isEqualTo(a.tokens()).isEqualTo(4 + 4 + 1 + 8 + 2);
      assertThat(b.loss()).isCloseTo(a.loss(), within(1e-6));
      assertThat(b.entropy()).isCloseTo(a.entropy(), within(1e-5));
      assertThat(b.mismatchKl()).isCloseTo(a.mismatchKl(), within(1e-6));
      assertThat(b.gradNorm()).isCloseTo(a.gradNorm(), within(1e-5));
      List<Float> expected = parameters(one);
      List<Float> actual = parameters(many);
      for (int i = 0; i < expected.size(); i++) {
        assertThat(actual.get(i)).as("parameter %d", i).isCloseTo(expected.get(i), within(1e-6f));
      }
    }
  }

  @Test
  void aLossThatIsNotFiniteIsRefusedAndChangesNothing() {
    ModelWeights weights = TinyModel.weights();
    ModelWeights untouched = TinyModel.weights();
    try (TrainableModel model = TinyModel.trainable(weights);
        TrainableModel fresh = TinyModel.trainable(untouched)) {
      Map<String, List<Float>> before = TinyModel.copy(weights);
      PolicyTrainer trainer = trainer(model, LossRule.DPPO);
      Rollout sound = batch(weights).rollouts().getFirst();
      Rollout impossible =
          TinyModel.rollout(BAD, new float[] {-1e30f, -1, -1, -1}, 1); // r overflows.

      assertThatThrownBy(() -> trainer.step(new TrainingBatch(3, List.of(sound, impossible))))
          .isInstanceOf(TrainerException.class)
          .hasMessageMatching("step 3: the loss is (NaN|-?Infinity): expected a finite number");
      assertThat(TinyModel.copy(weights)).isEqualTo(before);

      trainer.step(batch(weights));
      trainer(fresh, LossRule.DPPO).step(batch(untouched));
      assertThat(TinyModel.copy(weights)).isEqualTo(TinyModel.copy(untouched));
    }
  }

  @Test
  void aBatchWithoutAGeneratedTokenIsRefused() {
    try (TrainableModel model = TinyModel.trainable(TinyModel.weights())) {
      TrainingBatch empty = new TrainingBatch(5, List.of(TinyModel.rollout(GOOD, new float[0], 1)));

      assertThatThrownBy(() -> trainer(model, LossRule.DPPO).step(empty))
          .isInstanceOf(TrainerException.class)
          .hasMessage("step 5: the batch has no generated token: expected at least one");
    }
  }

  private static PolicyTrainer trainer(TrainableModel model, LossRule rule) {
    return new PolicyTrainer(model, rule.loss(), 9, 9, MonotonicClock.SYSTEM);
  }

  /** A good and a bad answer to one problem, with the model's own logprobs. */
  private static TrainingBatch batch(ModelWeights weights) {
    return new TrainingBatch(
        1,
        List.of(
            TinyModel.rollout(GOOD, TinyModel.logprobs(weights, GOOD, GENERATED), 1),
            TinyModel.rollout(BAD, TinyModel.logprobs(weights, BAD, GENERATED), -1)));
  }

  /** Rollouts with different numbers of prompt and generated tokens. */
  private static TrainingBatch uneven(ModelWeights weights) {
    int[] few = {1, 7, 3, 7, 2};
    int[] most = {1, 8, 9, 3, 9, 8, 2, 10, 11};
    return new TrainingBatch(
        1,
        List.of(
            rollout(weights, GOOD, GENERATED, 1),
            rollout(weights, BAD, GENERATED, -1),
            rollout(weights, few, 1, 2),
            rollout(weights, most, 8, -0.5),
            rollout(weights, few, 2, 0.25)));
  }

  /** With logprobs that differ a little from the model's own. */
  private static Rollout rollout(
      ModelWeights weights, int[] tokens, int generated, double advantage) {
    float[] logprobs = TinyModel.logprobs(weights, tokens, generated);
    for (int i = 0; i < generated; i++) {
      logprobs[i] += 0.1f * (i % 3 - 1);
    }
    return TinyModel.rollout(tokens, logprobs, advantage);
  }

  private static List<Float> parameters(ModelWeights weights) {
    return TinyModel.copy(weights).values().stream().flatMap(List::stream).toList();
  }

  private static double sum(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += value;
    }
    return sum;
  }
}
