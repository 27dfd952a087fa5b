package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.model.ModelWeights;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SupervisedTrainerTest {
  private static final int[] LONG = {1, 4, 5, 6, 3, 6, 5, 4, 2};
  private static final int[] SHORT = {1, 7, 3, 7, 2};
  private static final List<Example> EXAMPLES =
      List.of(TinyModel.example(LONG, 4), TinyModel.example(SHORT, 2));

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.3})
  void theLossIsTheMeanOverTargetsAndSmoothingSpreadsAShareOverTheVocabulary(double smoothing) {
    ModelWeights weights = TinyModel.weights();
    double sum = 0;
    for (Example example : EXAMPLES) {
      int[] tokens = example.tokens();
      int targets = example.targets();
      float[][] rows = TinyModel.distributions(weights, example);
      for (int i = 0; i < targets; i++) {
        double even = 0;
        for (float logprob : rows[i]) {
          even += logprob / TinyModel.VOCABULARY;
        }
        sum += (1 - smoothing) * rows[i][tokens[tokens.length - targets + i]] + smoothing * even;
      }
    }
    try (TrainableModel model = TinyModel.trainable(weights)) {
      // Two micro-batches of a row each.
      double loss = new SupervisedTrainer(model, 10, 10, smoothing).step(EXAMPLES);

      assertThat(loss).isCloseTo(-sum / 6, within(1e-5));
    }
  }

  @Test
  void theLossFallsOverSteps() {
    try (TrainableModel model = TinyModel.trainable(TinyModel.weights())) {
      SupervisedTrainer trainer = new SupervisedTrainer(model, 16, 64, 0);
      double first = trainer.step(EXAMPLES);
      double last = first;
      for (int step = 0; step < 30; step++) {
        last = trainer.step(EXAMPLES);
      }
      assertThat(first).isGreaterThan(1.5);
      assertThat(last).isLessThan(0.2);
    }
  }

  @Test
  void examplesWithoutATargetAreRefused() {
    try (TrainableModel model = TinyModel.trainable(TinyModel.weights())) {
      assertThatThrownBy(
              () ->
                  new SupervisedTrainer(model, 16, 64, 0)
                      .step(List.of(TinyModel.example(SHORT, 0))))
          .isInstanceOf(TrainerException.class)
          .hasMessage("1 examples without a target: expected at least one");
    }
  }

  @Test
  void anExampleWithoutATargetAmongOthersChangesNothing() {
    List<Example> more = List.of(EXAMPLES.get(0), TinyModel.example(SHORT, 0), EXAMPLES.get(1));
    try (TrainableModel model = TinyModel.trainable(TinyModel.weights());
        TrainableModel other = TinyModel.trainable(TinyModel.weights())) {
      // Every example is a micro-batch by itself.
      double expected = new SupervisedTrainer(model, 9, 5, 0).step(EXAMPLES);
      double actual = new SupervisedTrainer(other, 9, 5, 0).step(more);

      assertThat(actual).isEqualTo(expected);
    }
  }

  @Test
  void anExampleWithATokenPastTheEmbeddingIsRefusedInOneLine() {
    try (TrainableModel model = TinyModel.trainable(TinyModel.weights())) {
      SupervisedTrainer trainer =
          new SupervisedTrainer(model, TinyModel.MAX_LENGTH, 4 * TinyModel.MAX_LENGTH, 0);
      for (int token : new int[] {TinyModel.VOCABULARY, -1}) {
        assertThatThrownBy(
                () -> trainer.step(List.of(TinyModel.example(new int[] {1, token, 2}, 1))))
            .isInstanceOf(TrainerException.class)
            .hasMessageStartingWith("an example has token id %d: expected 0 to 11", token);
      }
    }
  }
}
