package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.model.Decoder;
import dev.freshet.model.ModelWeights;
import dev.freshet.model.Torch;
import java.nio.LongBuffer;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class MicroBatchTest {
  @Test
  void everyTargetIsPredictedByTheTokenBeforeItInTheSameSequence() {
    Example a =
        new Example(
            new int[] {1, 5, 6, 7},
            new boolean[] {false, true, false, true},
            new float[] {0, -1, 0, -2},
            new int[] {0, 2, 0, 1},
            0.5f,
            0.7f);
    Example b =
        new Example(
            new int[] {1, 8},
            new boolean[] {false, true},
            new float[] {0, -3},
            new int[] {0, 0},
            -1,
            1);
    Example c =
        new Example(new int[] {9}, new boolean[] {false}, new float[] {0}, new int[] {0}, 2, 1);

    try (PointerScope _ = new PointerScope()) {
      MicroBatch batch = MicroBatch.of(List.of(new Row(List.of(a, b)), new Row(List.of(b, c))));

      assertThat(longs(batch.tokens())).containsExactly(1, 5, 6, 7, 1, 8, 1, 8, 9, 0, 0, 0);
      assertThat(longs(batch.positions())).containsExactly(0, 1, 2, 3, 0, 1, 0, 1, 0, 0, 0, 0);
      assertThat(longs(batch.segments())).containsExactly(0, 0, 0, 0, 1, 1, 0, 0, 1, -1, -1, -1);
      assertThat(longs(batch.predictors())).containsExactly(0, 2, 4, 6);
      assertThat(longs(batch.targets().tokens())).containsExactly(5, 7, 8, 8);
      assertThat(Torch.toFloats(batch.targets().behaviour())).containsExactly(-1, -2, -3, -3);
      assertThat(Torch.toFloats(batch.targets().advantages())).containsExactly(0.5f, 0.5f, -1, -1);
      assertThat(longs(batch.targets().lags())).containsExactly(2, 1, 0, 0);
      assertThat(Torch.toFloats(batch.targets().temperatures().orElseThrow()))
          .containsExactly(0.7f, 0.7f, 1, 1);
      assertThat(longs(batch.targets().sequences().index())).containsExactly(0, 0, 1, 2);
      assertThat(Torch.toFloats(batch.targets().sequences().tokens())).containsExactly(2, 2, 1, 1);
      assertThat(MicroBatch.of(List.of(new Row(List.of(b, c)))).targets().temperatures())
          .as("temperatures of a batch in which all are 1")
          .isEmpty();
    }
  }

  @Test
  void theRatioOfASequenceIsThatOfAllItsTargets() {
    Example a =
        new Example(
            new int[] {1, 5, 6},
            new boolean[] {false, true, true},
            new float[] {0, -1, -2},
            new int[3],
            1,
            1);
    Example b =
        new Example(
            new int[] {1, 8}, new boolean[] {false, true}, new float[] {0, -3}, new int[2], 1, 1);
    try (PointerScope _ = new PointerScope()) {
      Targets targets = MicroBatch.of(List.of(new Row(List.of(a, b)))).targets();

      Targets known = targets.withPolicy(Torch.floats(new float[] {-0.5f, -4, -1}, 3));

      assertThat(Torch.toFloats(known.sequences().logRatios())).containsExactly(-1.5f, -1.5f, 2);
    }
  }

  @Test
  void aSequenceHasTheSameLogprobsPackedAndByItself() {
    List<Example> examples =
        List.of(
            TinyModel.example(new int[] {1, 4, 5, 6, 3, 6, 5, 4, 2}, 5),
            TinyModel.example(new int[] {1, 7, 3, 7, 2}, 2),
            TinyModel.example(new int[] {1, 8, 9, 3, 9, 8, 2}, 3),
            TinyModel.example(new int[] {11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}, 11));
    try (ModelWeights weights = TinyModel.weights();
        Decoder decoder = new Decoder(weights);
        PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      List<Row> rows = RowPacker.pack(examples, 21);
      float[] packed = Torch.toFloats(TinyModel.logprobs(decoder, rows));

      assertThat(rows).hasSize(2);
      int at = 0;
      for (Example example : rows.stream().map(Row::examples).flatMap(List::stream).toList()) {
        for (float[] alone : TinyModel.distributions(weights, example)) {
          for (float logprob : alone) {
            assertThat(packed[at++]).isCloseTo(logprob, within(1e-5f));
          }
        }
      }
      assertThat(at).isEqualTo(packed.length);
    }
  }

  private static long[] longs(Tensor tensor) {
    LongBuffer view = Torch.longView(tensor);
    long[] values = new long[view.remaining()];
    view.get(values);
    return values;
  }
}
