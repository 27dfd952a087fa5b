package dev.freshet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The scores of rows against sums in 64-bit floats. */
class VocabularyScoresTest {
  private static final int ROWS = 9;

  @ParameterizedTest
  @CsvSource({"Float, 5", "Float, 256", "BFloat16, 1003", "Half, 300", "BFloat16, 4096"})
  void tokensAndLogprobsAreThoseOfTheSoftmaxOfEachWantedRow(ScalarType type, int vocab) {
    try (PointerScope _ = new PointerScope();
        ComputeCrew crew = ComputeCrew.of(2)) {
      torch.manual_seed(vocab);
      // Rows of a wider tensor, so that they do not follow one another in memory.
      Tensor logits =
          torch
              .empty(new long[] {ROWS, vocab + 7}, Torch.options(ScalarType.Float), null)
              .normal_(0, 3, null)
              .to(type)
              .narrow(1, 0, vocab);
      AtomicInteger scored = new AtomicInteger();
      new VocabularyScores(crew)
          .score(
              logits,
              new int[] {0, 3, 8},
              row -> {
                scored.incrementAndGet();
                assertScores(row, Torch.toFloats(logits.select(0, row.row())));
              });
      assertThat(scored).hasValue(3);
    }
  }

  private static void assertScores(VocabularyScores.Row row, float[] logits) {
    int best = 0;
    double total = 0;
    for (int token = 0; token < logits.length; token++) {
      best = logits[token] > logits[best] ? token : best;
      total += Math.exp(logits[token]);
    }
    assertThat(row.mostLikely()).isEqualTo(best);
    for (int token = 0; token < logits.length; token += 3) {
      assertThat((double) row.logprob(token))
          .isCloseTo(logits[token] - Math.log(total), within(1e-5));
    }
    double[] probabilities = new double[logits.length];
    for (int token = 0; token < logits.length; token++) {
      probabilities[token] = Math.exp(logits[token]) / total;
    }
    for (double uniform : new double[] {0, 0.1, 0.37, 0.62, 0.9, 0.9999}) {
      double before = Arrays.stream(probabilities).limit(row.draw(uniform)).sum();
      assertThat(uniform)
          .isBetween(before - 1e-5, before + probabilities[row.draw(uniform)] + 1e-5);
    }
  }
}
