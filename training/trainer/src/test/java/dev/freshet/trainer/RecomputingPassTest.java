package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.model.ModelWeights;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RecomputingPassTest {
  /** A large eps makes the update nearly proportional to the gradient. */
  private static final OptimizerConfig SMOOTH =
      new OptimizerConfig(1e-1, 0, 0, 0.9, 0.99, 1, 0, 1e9);

  private static final List<Example> EXAMPLES =
      List.of(
          TinyModel.example(new int[] {1, 4, 5, 6, 3, 6, 5, 4, 2}, 4),
          TinyModel.example(new int[] {1, 7, 3, 7, 2}, 2),
          TinyModel.example(new int[] {1, 8, 9, 3, 9, 8, 2, 10, 11}, 8));

  @ParameterizedTest
  @EnumSource(TrainingPrecision.class)
  void theWeightsAfterStepsAreThoseOfStepsThatKeepTheActivations(TrainingPrecision precision) {
    List<Float> kept = trained(precision, false);
    List<Float> recomputed = trained(precision, true);

    assertThat(recomputed).hasSameSizeAs(kept);
    for (int i = 0; i < kept.size(); i++) {
      assertThat(recomputed.get(i)).as("parameter %d", i).isCloseTo(kept.get(i), within(1e-6f));
    }
  }

  private static List<Float> trained(TrainingPrecision precision, boolean recomputes) {
    ModelWeights weights = TinyModel.weights();
    List<Float> before = parameters(weights);
    try (TrainableModel model =
        new TrainableModel(weights, new Execution(precision, 1, recomputes), SMOOTH)) {
      SupervisedTrainer trainer = new SupervisedTrainer(model, 14, 28, 0);
      for (int step = 0; step < 3; step++) {
        trainer.step(EXAMPLES);
      }
      List<Float> after = parameters(weights);
      assertThat(after).isNotEqualTo(before);
      return after;
    }
  }

  private static List<Float> parameters(ModelWeights weights) {
    return TinyModel.copy(weights).values().stream().flatMap(List::stream).toList();
  }
}
