package dev.freshet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

class ModelShapeTest {
  private static ModelShape shape(ModelFamily family) {
    return new ModelShape("", family, 2, 16, 24, 2, 1, 64);
  }

  @ParameterizedTest
  @EnumSource(names = {"LLAMA", "MISTRAL", "QWEN2", "QWEN3"})
  void aShapeDefinesAFreshDecoderOfItsFamily(ModelFamily family) {
    ModelConfig decoder = shape(family).decoder(30, List.of(2));

    assertThat(decoder.family()).isEqualTo(family);
    assertThat(decoder.maxContext()).isEqualTo(64);
  }

  @ParameterizedTest
  @EnumSource(
      mode = Mode.EXCLUDE,
      names = {"LLAMA", "MISTRAL", "QWEN2", "QWEN3"})
  void otherFamiliesAreReadFromADirectoryOnly(ModelFamily family) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> shape(family))
        .withMessage("family: expected llama, mistral, qwen2 or qwen3");
  }
}
