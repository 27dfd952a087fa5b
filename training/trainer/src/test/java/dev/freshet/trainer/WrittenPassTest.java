package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.model.ConfigJson;
import dev.freshet.model.Decoder;
import dev.freshet.model.ModelConfig;
import dev.freshet.model.ModelWeights;
import dev.freshet.model.Torch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The gradients that are written out, against those that libtorch records. */
class WrittenPassTest {
  /** Widths that are no multiple of a vector, several sequences in a row, and padding. */
  private static final String SHAPE =
      """
      "vocab_size": 12, "hidden_size": 36, "intermediate_size": 52, "num_hidden_layers": 3,
      "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 10, "max_position_embeddings": 64,
      "rms_norm_eps": 1e-6, "pad_token_id": 0, "torch_dtype": "float32"
      """;

  private static final List<Row> ROWS =
      List.of(
          new Row(
              List.of(
                  TinyModel.example(new int[] {1, 4, 5, 6, 3, 6, 5, 4, 2}, 4),
                  TinyModel.example(new int[] {1, 7, 3, 7, 2}, 2))),
          new Row(List.of(TinyModel.example(new int[] {1, 8, 9, 3, 9, 8, 2, 10, 11}, 8))));

  @TempDir Path dir;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "llama       | \"attention_bias\": false, \"tie_word_embeddings\": true",
        "llama       | \"attention_bias\": true, \"mlp_bias\": true, \"tie_word_embeddings\":"
            + " false",
        "mistral     | \"sliding_window\": 3",
        "qwen2       | \"tie_word_embeddings\": true",
        "qwen3       | \"tie_word_embeddings\": false",
        "smollm3     | \"no_rope_layers\": [1, 0, 1]",
        "phi3        | \"sliding_window\": null",
        "gemma3_text | \"sliding_window\": 3, \"sliding_window_pattern\": 2",
      })
  void theGradientOfEveryParameterIsThatOfLibtorch(String family, String keys) throws IOException {
    try (ModelWeights weights = weights(family, keys)) {
      Map<String, float[]> expected = recorded(weights, TrainingPrecision.FLOAT32);
      Map<String, float[]> written = written(weights, TrainingPrecision.FLOAT32);

      assertThat(written.keySet()).isEqualTo(expected.keySet());
      expected.forEach(
          (name, gradient) -> {
            assertThat(length(gradient)).as(name).isGreaterThan(0);
            float[] own = Objects.requireNonNull(written.get(name));
            assertThat(distance(own, gradient) / length(gradient)).as(name).isLessThan(1e-4);
          });
    }
  }

  /** Both round to 8 bits, at different places: each stays as near to the exact gradient. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"llama | \"attention_bias\": false", "gemma3_text | \"sliding_window\": 4"})
  void inBfloat16TheGradientIsAsExactAsThatOfLibtorch(String family, String keys)
      throws IOException {
    try (ModelWeights weights = weights(family, keys)) {
      float[] exact = joined(recorded(weights, TrainingPrecision.FLOAT32));
      float[] recorded = joined(recorded(weights, TrainingPrecision.BFLOAT16));
      float[] written = joined(written(weights, TrainingPrecision.BFLOAT16));

      assertThat(distance(written, exact)).isLessThan(1.5 * distance(recorded, exact));
      assertThat(length(written)).isCloseTo(length(exact), within(0.02 * length(exact)));
    }
  }

  private ModelWeights weights(String family, String keys) throws IOException {
    Files.writeString(
        dir.resolve("config.json"),
        "{\"model_type\": \"%s\", %s, %s}".formatted(family, keys, SHAPE));
    ModelConfig config = ConfigJson.read(dir);
    ModelWeights weights = ModelWeights.random(config, 3);
    // Norms and biases that differ from 1 and 0 show that their values count.
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      for (Map.Entry<String, Tensor> parameter : weights.tensors().entrySet()) {
        Tensor tensor = parameter.getValue();
        double factor = tensor.dim() == 1 ? 0.2 : 4;
        Tensor noise = tensor.clone().normal_(0, 0.05, null);
        tensor.add_(noise, new Scalar(factor));
      }
    }
    return weights;
  }

  private static Map<String, float[]> recorded(ModelWeights shared, TrainingPrecision precision) {
    try (ModelWeights weights = shared.sharing();
        ParameterBlock gradient = gradient(weights);
        Decoder decoder = new Decoder(weights)) {
      return gradients(Pass.keeping(precision), decoder, weights, gradient, precision);
    }
  }

  private static Map<String, float[]> written(ModelWeights shared, TrainingPrecision precision) {
    try (ModelWeights weights = shared.sharing();
        ParameterBlock gradient = gradient(weights);
        ParameterBlock computed = computed(weights, precision.type())) {
      WrittenPass pass = new WrittenPass(weights, precision.type(), false);
      try (Decoder decoder = pass.decoder(computed, gradient)) {
        return gradients(pass, decoder, weights, gradient, precision);
      }
    }
  }

  private static ParameterBlock computed(ModelWeights weights, ScalarType type) {
    ParameterBlock computed = ParameterBlock.zeros(weights, type);
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      computed.views(weights).forEach((name, view) -> view.copy_(weights.get(name)));
    }
    return computed;
  }

  private static ParameterBlock gradient(ModelWeights weights) {
    ParameterBlock gradient = ParameterBlock.zeros(weights);
    try (PointerScope _ = new PointerScope()) {
      gradient
          .views(weights)
          .forEach(
              (name, view) -> weights.get(name).set_requires_grad(true).mutable_grad().put(view));
    }
    return gradient;
  }

  private static Map<String, float[]> gradients(
      Pass pass,
      Decoder decoder,
      ModelWeights weights,
      ParameterBlock gradient,
      TrainingPrecision precision) {
    LanguageHead head = new LanguageHead(weights.head(), Optional.empty(), precision.type(), 100);
    TokenLoss loss = (_, scores) -> scores.logprobs().sum().neg();
    Map<String, float[]> found = new LinkedHashMap<>();
    try (PointerScope _ = new PointerScope()) {
      pass.run(decoder, head, MicroBatch.of(ROWS), loss);
      gradient.views(weights).forEach((name, view) -> found.put(name, Torch.toFloats(view)));
    }
    return found;
  }

  private static float[] joined(Map<String, float[]> gradients) {
    float[] all = new float[gradients.values().stream().mapToInt(one -> one.length).sum()];
    int at = 0;
    for (float[] one : gradients.values()) {
      System.arraycopy(one, 0, all, at, one.length);
      at += one.length;
    }
    return all;
  }

  private static double length(float[] vector) {
    return distance(vector, new float[vector.length]);
  }

  private static double distance(float[] one, float[] other) {
    double squares = 0;
    for (int i = 0; i < one.length; i++) {
      squares += (one[i] - other[i]) * (double) (one[i] - other[i]);
    }
    return Math.sqrt(squares);
  }
}
