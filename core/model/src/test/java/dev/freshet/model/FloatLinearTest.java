package dev.freshet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.weights.Checkpoint;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The logits of a 16-bit model, computed with its own head and with a 32-bit copy. */
class FloatLinearTest {
  private static final Path LLAMA = GoldenModelTest.FIXTURES.resolve("tiny-llama");
  private static final int MOST_LIKELY = 32;
  private static final int ROWS = 16;

  @ParameterizedTest
  @EnumSource(
      value = ScalarType.class,
      names = {"BFloat16", "Half"})
  void tokensThatTieInSixteenBitsDoNotWithAHeadInFloats(ScalarType type) {
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard();
        Checkpoint checkpoint = Checkpoint.open(LLAMA);
        ModelWeights weights =
            ModelWeights.copyOf(Parameters.of(ConfigJson.read(LLAMA), checkpoint), type);
        Decoder plain = new Decoder(weights);
        Decoder wide =
            new Decoder(
                weights,
                PlainLinear::new,
                layers -> new FloatLinear(layers, PlainLinear::new),
                Pointwise.torch())) {
      Tensor hidden = hidden(weights.config().hiddenSize()).to(type);
      float[] rounded = Torch.toFloats(plain.logits(hidden));
      float[] exact = Torch.toFloats(wide.logits(hidden));

      assertThat(ties(rounded)).isPositive();
      assertThat(ties(exact)).isZero();
      double[] expected = product(hidden, weights.head());
      for (int i = 0; i < expected.length; i++) {
        assertThat((double) exact[i]).isCloseTo(expected[i], within(1e-5));
        assertThat((double) rounded[i]).isCloseTo(expected[i], within(0.05));
      }
    }
  }

  private static Tensor hidden(int width) {
    SplittableRandom random = new SplittableRandom(1);
    float[] values = new float[ROWS * width];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return Torch.floats(values, ROWS, width);
  }

  /** How many of the most likely tokens of a row have the logit of the next, over all rows. */
  private static int ties(float[] logits) {
    int vocab = logits.length / ROWS;
    int ties = 0;
    for (int row = 0; row < ROWS; row++) {
      float[] sorted = Arrays.copyOfRange(logits, row * vocab, (row + 1) * vocab);
      Arrays.sort(sorted);
      for (int i = vocab - MOST_LIKELY; i < vocab; i++) {
        ties += sorted[i] == sorted[i - 1] ? 1 : 0;
      }
    }
    return ties;
  }

  private static double[] product(Tensor hidden, Tensor head) {
    float[] states = Torch.toFloats(hidden);
    float[] rows = Torch.toFloats(head);
    int width = states.length / ROWS;
    int vocab = rows.length / width;
    double[] logits = new double[ROWS * vocab];
    for (int i = 0; i < logits.length; i++) {
      for (int k = 0; k < width; k++) {
        logits[i] += (double) states[i / vocab * width + k] * rows[i % vocab * width + k];
      }
    }
    return logits;
  }
}
