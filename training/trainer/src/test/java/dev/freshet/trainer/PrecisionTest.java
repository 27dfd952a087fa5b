package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.model.ModelWeights;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trainer.algorithm.Algorithm;
import dev.freshet.weights.DType;
import java.util.List;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class PrecisionTest {
  private static final int[] LONG = {1, 4, 5, 6, 3, 6, 5, 4, 2};
  private static final int[] SHORT = {1, 7, 3, 7, 2};

  @Test
  void aStepInBfloat16HasTheFiguresOfAStepInFloat32ToTheRoundingOfBfloat16() {
    StepMetrics exact = step(TrainingPrecision.FLOAT32);
    StepMetrics rounded = step(TrainingPrecision.BFLOAT16);

    assertThat(rounded.loss()).isCloseTo(exact.loss(), within(0.02)).isNotEqualTo(exact.loss());
    assertThat(rounded.quality().entropy()).isCloseTo(exact.quality().entropy(), within(0.02));
    assertThat(rounded.mismatchKl()).isCloseTo(exact.mismatchKl(), within(0.02));
    assertThat(rounded.gradNorm()).isCloseTo(exact.gradNorm(), within(0.05 * exact.gradNorm()));
  }

  @Test
  void aModelTrainedInBfloat16LearnsAndKeepsItsWeightsInFloat32() {
    ModelWeights weights = TinyModel.weights();
    try (TrainableModel model = trainable(weights, TrainingPrecision.BFLOAT16)) {
      SupervisedTrainer trainer = new SupervisedTrainer(model, 16, 64, 0);
      List<Example> examples = List.of(TinyModel.example(LONG, 4), TinyModel.example(SHORT, 2));
      double first = trainer.step(examples);
      double last = first;
      for (int step = 0; step < 30; step++) {
        last = trainer.step(examples);
      }

      assertThat(first).isGreaterThan(1.5);
      assertThat(last).isLessThan(0.2);
      assertThat(model.views()).allSatisfy(view -> assertThat(view.dtype()).isEqualTo(DType.F32));
      assertThat(weights.tensors().values())
          .allSatisfy(
              tensor -> assertThat(tensor.scalar_type().intern()).isEqualTo(ScalarType.Float));
    }
  }

  @Test
  void theThreadCastsNothingAfterAStep() {
    step(TrainingPrecision.BFLOAT16);

    assertThat(torch.is_autocast_enabled(DeviceType.CPU)).isFalse();
  }

  private static StepMetrics step(TrainingPrecision precision) {
    ModelWeights weights = TinyModel.weights();
    float[] shifted = TinyModel.logprobs(weights, LONG, 4);
    shifted[0] -= 0.5f;
    TrainingBatch batch =
        new TrainingBatch(
            1,
            List.of(
                TinyModel.rollout(LONG, shifted, 1),
                TinyModel.rollout(SHORT, TinyModel.logprobs(weights, SHORT, 2), -0.5)));
    try (TrainableModel model = trainable(weights, precision)) {
      return new PolicyTrainer(
              model, TinyModel.objective(Algorithm.GRPO), 16, 64, MonotonicClock.SYSTEM)
          .step(batch);
    }
  }

  private static TrainableModel trainable(ModelWeights weights, TrainingPrecision precision) {
    return new TrainableModel(weights, new Execution(precision, 1, false), TinyModel.PLAIN);
  }
}
