package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.freshet.model.Decoder;
import dev.freshet.model.ModelWeights;
import dev.freshet.model.Torch;
import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.SamplingDistribution;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.rollouts.Trajectory;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trainer.algorithm.Algorithm;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class PolicyTrainerTest {
  private static final int[] GOOD = {1, 4, 5, 6, 3, 6, 5, 4, 2};
  private static final int[] BAD = {1, 4, 5, 6, 3, 4, 4, 9, 10};
  private static final int GENERATED = 4;

  @ParameterizedTest
  @EnumSource(Algorithm.class)
  void aStepRaisesTheBetterAnswerAndLowersTheWorse(Algorithm rule) {
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

  /** Without those whose loss has no value of its own, and GSPO, which clips after one step. */
  @ParameterizedTest
  @EnumSource(
      value = Algorithm.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = {"GSPO", "CISPO", "TIS", "RLOO"})
  void theLossFallsOnAFixedBatch(Algorithm rule) {
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

      StepMetrics metrics = trainer(model, Algorithm.DPPO).step(batch(weights));

      assertThat(metrics.mismatchKl()).isCloseTo(0, within(1e-6));
      assertThat(metrics.quality().entropy()).isCloseTo(entropy / (2 * GENERATED), within(1e-4));
      assertThat(metrics.tokens()).isEqualTo(2 * GENERATED);
      assertThat(metrics.gradNorm()).isGreaterThan(0);
      assertThat(metrics.step()).isEqualTo(1);
    }
  }

  @Test
  void aStepAtTheTemperatureOfTheRolloutsShowsNoMismatch() {
    ModelWeights weights = TinyModel.weights();
    Rollout at1 = TinyModel.rollout(GOOD, TinyModel.logprobs(weights, GOOD, GENERATED), 1);
    float[] tempered = TinyModel.logprobs(weights, GOOD, GENERATED, 0.7);
    try (TrainableModel model = TinyModel.trainable(weights)) {
      StepMetrics both =
          trainer(model, Algorithm.DPPO)
              .step(new TrainingBatch(1, List.of(at1, TinyModel.rollout(GOOD, tempered, -1, 0.7))));

      assertThat(both.mismatchKl()).isCloseTo(0, within(1e-6));
      assertThat(both.quality().showsOtherDistribution()).isFalse();
      assertThat(both.quality().effectiveSampleShare()).isCloseTo(1, within(1e-6));
    }
    ModelWeights again = TinyModel.weights();
    try (TrainableModel model = TinyModel.trainable(again)) {
      StepMetrics untold =
          trainer(model, Algorithm.DPPO)
              .step(new TrainingBatch(1, List.of(TinyModel.rollout(GOOD, tempered, -1))));

      assertThat(untold.mismatchKl()).isGreaterThan(0.01);
      assertThat(untold.quality().showsOtherDistribution()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.5, 0.7, 1, 2})
  void theGradientAtATemperatureIsThatOfTheTemperedDistribution(double temperature) {
    // AdamW's first step with a large denominator is lr / eps times the gradient.
    OptimizerConfig smooth = new OptimizerConfig(3, 0, 0, 0.9, 0.99, 1e6, 0, 1e9);
    ModelWeights weights = TinyModel.weights();
    float[] own = TinyModel.logprobs(weights, GOOD, GENERATED, temperature);
    try (TrainableModel model = new TrainableModel(weights, TinyModel.ONE_THREAD, smooth)) {
      // REINFORCE with advantage 1: the gradient is that of −Σ log π at the temperature.
      double norm =
          trainer(model, Algorithm.RLOO)
              .step(new TrainingBatch(1, List.of(TinyModel.rollout(GOOD, own, 1, temperature))))
              .gradNorm();

      // A step of ε·g against the gradient g lowers the loss by ε·|g|² to first order.
      double before = -sum(own);
      double after = -sum(TinyModel.logprobs(weights, GOOD, GENERATED, temperature));
      assertThat((before - after) * smooth.eps() / smooth.lr())
          .isCloseTo(norm * norm, withinPercentage(3));
    }
  }

  @Test
  void theMismatchIsGivenByVersionLagAndTheSampleShareShowsUnevenRatios() {
    ModelWeights weights = TinyModel.weights();
    float[] shifted = TinyModel.logprobs(weights, GOOD, GENERATED);
    shifted[0] -= 0.5f;
    int prompt = GOOD.length - GENERATED;
    Trajectory trajectory =
        new Trajectory.Builder()
            .observe(Arrays.copyOf(GOOD, prompt))
            .generate(
                Arrays.copyOfRange(GOOD, prompt, GOOD.length), shifted, new int[] {0, 0, 2, 19})
            .build();
    Rollout rollout =
        new Rollout(
            "r",
            "g",
            "e",
            "p",
            trajectory,
            0,
            1,
            "stop",
            1,
            0,
            SamplingDistribution.atTemperature(1));
    try (TrainableModel model = TinyModel.trainable(weights)) {
      PolicyQuality quality =
          trainer(model, Algorithm.GRPO).step(new TrainingBatch(20, List.of(rollout))).quality();

      double r = Math.exp(0.5);
      double kl = r - 0.5 - 1;
      assertThat(quality.mismatchKlByLag()).containsOnlyKeys(0, LagKl.MOST);
      assertThat(quality.mismatchKlByLag().get(LagKl.MOST)).isCloseTo(kl / 3, within(1e-5));
      assertThat(quality.mismatchKl()).isCloseTo(kl / 4, within(1e-5));
      assertThat(quality.effectiveSampleShare())
          .isCloseTo((r + 3) * (r + 3) / (4 * (r * r + 3)), within(1e-5));
      assertThat(quality.cutShare()).isEqualTo(0.25); // r > 1.2 and A > 0.
      assertThat(quality.cutHighShare()).isEqualTo(0.25);
      assertThat(quality.referenceKl()).isEmpty();
    }
  }

  @Test
  void thePullTowardsTheReferenceGrowsWithTheCoefficient() {
    double free = driftFromStart(0);
    double held = driftFromStart(10);

    assertThat(held).isLessThan(free / 2);
  }

  /** The KL divergence from the first weights after some steps towards one answer. */
  private static double driftFromStart(double coefficient) {
    Objective objective =
        new Objective(TinyModel.objective(Algorithm.TIS).loss(), Math.max(coefficient, 1e-9));
    ModelWeights weights = TinyModel.weights();
    try (TrainableModel model =
        new TrainableModel(
            weights, Optional.of(TinyModel.weights()), TinyModel.ONE_THREAD, TinyModel.PLAIN)) {
      PolicyTrainer trainer = new PolicyTrainer(model, objective, 9, 9, MonotonicClock.SYSTEM);
      StepMetrics last = trainer.step(batch(weights));
      assertThat(last.quality().referenceKl().orElseThrow()).isCloseTo(0, within(1e-6));
      for (int step = 0; step < 5; step++) {
        last = trainer.step(batch(weights));
      }
      return last.quality().referenceKl().orElseThrow();
    }
  }

  /** The sums over sequences must be those of whole sequences, wherever they are cut. */
  @ParameterizedTest
  @ValueSource(longs = {1, 3 * TinyModel.VOCABULARY * Float.BYTES, 1 << 20})
  void aLossOfWholeSequencesDoesNotDependOnTheChunksOfTheHead(long chunkBytes) {
    try (PointerScope _ = new PointerScope();
        ModelWeights weights = TinyModel.weights();
        Decoder decoder = new Decoder(weights)) {
      List<Row> rows =
          List.of(
              new Row(List.of(TinyModel.example(GOOD, GENERATED), TinyModel.example(BAD, 3))),
              new Row(List.of(TinyModel.example(GOOD, 8))));
      MicroBatch batch = MicroBatch.of(rows);
      Tensor hidden = batch.predicting(decoder).detach();
      List<Float> ratios = new ArrayList<>();
      TokenLoss collecting =
          new TokenLoss() {
            @Override
            public Tensor of(Targets targets, Scores scores) {
              for (float ratio : Torch.toFloats(targets.sequences().logRatios())) {
                ratios.add(ratio);
              }
              return scores.logprobs().sum();
            }

            @Override
            public boolean wholeSequences() {
              return true;
            }
          };

      new LanguageHead(weights.head(), Optional.empty(), ScalarType.Float, chunkBytes)
          .backward(hidden, batch.targets(), collecting);

      List<Float> expected = new ArrayList<>();
      for (Example example :
          List.of(
              rows.get(0).examples().get(0),
              rows.get(0).examples().get(1),
              rows.get(1).examples().get(0))) {
        float sum = (float) sum(TinyModel.logprobs(weights, example.tokens(), example.targets()));
        expected.addAll(Collections.nCopies(example.targets(), sum));
      }
      for (int i = 0; i < expected.size(); i++) {
        assertThat(ratios.get(i)).as("target %d", i).isCloseTo(expected.get(i), within(1e-4f));
      }
      assertThat(ratios).hasSameSizeAs(expected);
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
          trainer(model, Algorithm.DPPO)
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
          new PolicyTrainer(
                  whole, TinyModel.objective(Algorithm.GRPO), 32, 1 << 20, MonotonicClock.SYSTEM)
              .step(batch);
      StepMetrics b =
          new PolicyTrainer(
                  cut, TinyModel.objective(Algorithm.GRPO), 9, microTokens, MonotonicClock.SYSTEM)
              .step(batch);

      assertThat(b.tokens()).isEqualTo(a.tokens()).isEqualTo(4 + 4 + 1 + 8 + 2);
      assertThat(b.loss()).isCloseTo(a.loss(), within(1e-6));
      assertThat(b.quality().entropy()).isCloseTo(a.quality().entropy(), within(1e-5));
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
      PolicyTrainer trainer = trainer(model, Algorithm.DPPO);
      Rollout sound = batch(weights).rollouts().getFirst();
      Rollout impossible =
          TinyModel.rollout(BAD, new float[] {-1e30f, -1, -1, -1}, 1); // r overflows.

      assertThatThrownBy(() -> trainer.step(new TrainingBatch(3, List.of(sound, impossible))))
          .isInstanceOf(TrainerException.class)
          .hasMessageMatching("step 3: the loss is (NaN|-?Infinity): expected a finite number");
      assertThat(TinyModel.copy(weights)).isEqualTo(before);

      trainer.step(batch(weights));
      trainer(fresh, Algorithm.DPPO).step(batch(untouched));
      assertThat(TinyModel.copy(weights)).isEqualTo(TinyModel.copy(untouched));
    }
  }

  @Test
  void aBatchWithoutAGeneratedTokenIsRefused() {
    try (TrainableModel model = TinyModel.trainable(TinyModel.weights())) {
      TrainingBatch empty = new TrainingBatch(5, List.of(TinyModel.rollout(GOOD, new float[0], 1)));

      assertThatThrownBy(() -> trainer(model, Algorithm.DPPO).step(empty))
          .isInstanceOf(TrainerException.class)
          .hasMessage("step 5: the batch has no generated token: expected at least one");
    }
  }

  private static PolicyTrainer trainer(TrainableModel model, Algorithm rule) {
    return new PolicyTrainer(model, TinyModel.objective(rule), 9, 9, MonotonicClock.SYSTEM);
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
