package dev.freshet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Optional;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RotaryTablesTest {
  private static final int POSITIONS = 50;

  @ParameterizedTest
  @MethodSource("dev.freshet.model.GoldenModelTest#fixtures")
  void theTablesRotateAsTheDecoderDoes(String fixture) {
    ModelConfig config =
        ConfigJson.read(GoldenModelTest.FIXTURES.resolve(fixture)).forContext(POSITIONS);
    RotaryTables tables = RotaryTables.of(config, POSITIONS);
    float[] heads = heads(config.headDim());
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      Tensor positions =
          torch.arange(new Scalar((long) POSITIONS), Torch.options(ScalarType.Long)).view(1, -1);
      Rotations rotations = Rotations.of(config, positions, ScalarType.Float);
      for (int layer = 0; layer < config.layers(); layer++) {
        float[] expected =
            Torch.toFloats(
                rotations.apply(layer, Torch.floats(heads, 1, POSITIONS, 1, config.headDim())));

        assertThat(rotated(heads, tables.layers().get(layer), config.headDim()))
            .as("layer %d", layer)
            .containsExactly(expected, within(1e-5f));
      }
    }
  }

  private static float[] heads(int headDim) {
    Random random = new Random(3);
    float[] heads = new float[POSITIONS * headDim];
    for (int i = 0; i < heads.length; i++) {
      heads[i] = random.nextFloat() - 0.5f;
    }
    return heads;
  }

  private static float[] rotated(float[] heads, Optional<RotaryTable> layer, int headDim) {
    float[] rotated = heads.clone();
    layer.ifPresent(
        table -> {
          for (int position = 0; position < POSITIONS; position++) {
            for (int i = 0; i < table.pairs(); i++) {
              float cos = table.cos()[position * table.pairs() + i];
              float sin = table.sin()[position * table.pairs() + i];
              int a = position * headDim + i;
              int b = a + table.pairs();
              rotated[a] = heads[a] * cos - heads[b] * sin;
              rotated[b] = heads[b] * cos + heads[a] * sin;
            }
          }
        });
    return rotated;
  }
}
