package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.model.ModelWeights;
import dev.freshet.model.Torch;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class OptimizerTest {
  private static final String NAME = "model.norm.weight";
  private static final Example EXAMPLE = TinyModel.example(new int[] {1, 4, 5, 3, 5, 4, 2}, 3);

  @Test
  void twoStepsEqualAdamWComputedByHand() {
    OptimizerConfig config = new OptimizerConfig(0.01, 2, 0, 0.9, 0.99, 1e-8, 0.1, 1e9);
    ModelWeights weights = TinyModel.weights();
    try (TrainableModel model = new TrainableModel(weights, TinyModel.ONE_THREAD, config)) {
      double[] lr = {0.005, 0.01};
      double m = 0;
      double v = 0;
      for (int step = 1; step <= 2; step++) {
        double before = first(weights.get(NAME));
        double gradient = accumulate(model, weights);
        m = 0.9 * m + 0.1 * gradient;
        v = 0.99 * v + 0.01 * gradient * gradient;
        double unbiasedM = m / (1 - Math.pow(0.9, step));
        double unbiasedV = v / (1 - Math.pow(0.99, step));
        double expected =
            before * (1 - lr[step - 1] * 0.1)
                - lr[step - 1] * unbiasedM / (Math.sqrt(unbiasedV) + 1e-8);

        model.update();

        assertThat(gradient).isNotZero();
        assertThat(first(weights.get(NAME))).isCloseTo(expected, within(1e-6));
        assertThat(model.lr()).isEqualTo(lr[step - 1]);
      }
    }
  }

  @Test
  void aGradientAboveTheMaximumNormIsScaledDownAndItsOriginalNormReported() {
    OptimizerConfig clipping = new OptimizerConfig(0.01, 0, 0, 0.9, 0.99, 1, 0, 1e-3);
    ModelWeights weights = TinyModel.weights();
    try (TrainableModel model = new TrainableModel(weights, TinyModel.ONE_THREAD, clipping)) {
      double before = first(weights.get(NAME));
      double gradient = accumulate(model, weights);

      double norm = model.update();

      double scaled = gradient * 1e-3 / norm;
      assertThat(norm).isGreaterThan(1e-3);
      assertThat(first(weights.get(NAME)))
          .isCloseTo(before - 0.01 * scaled / (Math.abs(scaled) + 1), within(1e-7));
    }
  }

  @Test
  void aGradientThatIsNotFiniteIsRefusedAndChangesNothing() {
    ModelWeights weights = TinyModel.weights();
    ModelWeights untouched = TinyModel.weights();
    try (TrainableModel model = TinyModel.trainable(weights);
        TrainableModel fresh = TinyModel.trainable(untouched)) {
      Map<String, List<Float>> before = TinyModel.copy(weights);
      // 0·√0: the loss is 0, its gradient 0·∞.
      accumulate(model, (_, scores) -> scores.logprobs().mul(new Scalar(0.0)).sqrt().sum());

      assertThatThrownBy(model::update)
          .isInstanceOf(TrainerException.class)
          .hasMessageMatching("the gradient's norm is (NaN|Infinity): expected a finite number");
      assertThat(TinyModel.copy(weights)).isEqualTo(before);

      accumulate(model, weights);
      accumulate(fresh, untouched);
      model.update();
      fresh.update();
      assertThat(TinyModel.copy(weights)).isEqualTo(TinyModel.copy(untouched));
    }
  }

  @Test
  void theLearningRateRisesOverTheWarmUpAndFallsToATenthOverTheDecay() {
    OptimizerConfig warm = new OptimizerConfig(1, 4, 0, 0.9, 0.99, 1e-8, 0, 1);
    assertThat(List.of(warm.lrAt(1), warm.lrAt(2), warm.lrAt(4), warm.lrAt(1000)))
        .containsExactly(0.25, 0.5, 1.0, 1.0);

    OptimizerConfig decaying = new OptimizerConfig(1, 0, 10, 0.9, 0.99, 1e-8, 0, 1);
    assertThat(decaying.lrAt(1)).isCloseTo(0.91, within(1e-12));
    assertThat(decaying.lrAt(5)).isCloseTo(0.55, within(1e-12));
    assertThat(decaying.lrAt(10)).isCloseTo(0.1, within(1e-12));
    assertThat(decaying.lrAt(99)).isCloseTo(0.1, within(1e-12));
  }

  /**
   * Adds the gradient of the targets' mean negative logprob. Returns the first element of one
   * parameter's gradient.
   */
  private static double accumulate(TrainableModel model, ModelWeights weights) {
    accumulate(model, (_, scores) -> scores.logprobs().mean().neg());
    return TinyModel.gradient(weights, EXAMPLE, NAME)[0];
  }

  private static void accumulate(TrainableModel model, TokenLoss loss) {
    model.accumulate(List.of(EXAMPLE), TinyModel.MAX_LENGTH, TinyModel.MAX_LENGTH, _ -> loss);
  }

  private static double first(Tensor tensor) {
    try (PointerScope _ = new PointerScope()) {
      return Torch.toFloats(tensor.detach())[0];
    }
  }
}
