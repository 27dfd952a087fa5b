package dev.freshet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.freshet.weights.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

class ConfigJsonTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SHAPE =
      """
      {"vocab_size": 100, "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 3,
       "num_attention_heads": 4, "model_type": "llama"}""";

  @TempDir Path dir;

  static Stream<ModelConfig> configs() throws IOException {
    Rope llama3 = new Rope(500000, new Rope.Llama3(8, 1, 4, 8192));
    return Stream.concat(
        GoldenModelTest.fixtures().stream()
            .map(fixture -> ConfigJson.read(GoldenModelTest.FIXTURES.resolve(fixture))),
        Stream.of(
            config(ModelFamily.LLAMA, llama3, OptionalInt.empty(), List.of(), DType.BF16),
            config(
                ModelFamily.QWEN3,
                new Rope(1e6, new Rope.Linear(2.5)),
                OptionalInt.of(16),
                List.of(7),
                DType.F16),
            config(
                ModelFamily.MISTRAL,
                new Rope(1e4, new Rope.Default()),
                OptionalInt.of(9),
                List.of(1, 2, 3),
                DType.F32)));
  }

  private static ModelConfig config(
      ModelFamily family, Rope rope, OptionalInt window, List<Integer> eos, DType dtype) {
    return new ModelConfig(
        family,
        99,
        48,
        80,
        2,
        6,
        2,
        10,
        1e-5,
        rope,
        512,
        true,
        false,
        false,
        false,
        List.of(family == ModelFamily.MISTRAL ? window : OptionalInt.empty(), window),
        eos,
        dtype);
  }

  @ParameterizedTest
  @MethodSource("configs")
  void aWrittenConfigurationReadsBackEqual(ModelConfig config) throws IOException {
    Files.write(dir.resolve("config.json"), ConfigJson.write(config));

    assertThat(ConfigJson.read(dir)).isEqualTo(config);
  }

  @Test
  void missingFieldsHaveTheDefaultsOfTransformers() throws IOException {
    ModelConfig llama = read("");
    assertThat(llama.kvHeads()).isEqualTo(4);
    assertThat(llama.headDim()).isEqualTo(6);
    assertThat(llama.maxPositions()).isEqualTo(2048);
    assertThat(llama.rmsNormEps()).isEqualTo(1e-6);
    assertThat(llama.rope()).isEqualTo(new Rope(10000, new Rope.Default()));
    assertThat(llama.tiedEmbeddings()).isFalse();
    assertThat(llama.queryKeyValueBias()).isFalse();
    assertThat(llama.eosTokens()).isEmpty();
    assertThat(llama.dtype()).isEqualTo(DType.F32);

    ModelConfig mistral =
        read("\"model_type\": \"mistral\", \"hidden_size\": 32, \"num_attention_heads\": 8");
    assertThat(mistral.kvHeads()).isEqualTo(8);
    assertThat(mistral.maxPositions()).isEqualTo(131072);
    assertThat(mistral.windows()).hasSize(3).containsOnly(OptionalInt.of(4096));
    assertThat(
            read("""
                    "model_type": "mistral", "num_key_value_heads": null, "sliding_window": null""")
                .windows())
        .containsOnly(OptionalInt.empty());

    ModelConfig qwen3 =
        read(
            """
            "model_type": "qwen3", "num_key_value_heads": 2, "use_sliding_window": true,
            "max_window_layers": 2""");
    assertThat(qwen3.headDim()).isEqualTo(128);
    assertThat(qwen3.windows())
        .containsExactly(OptionalInt.empty(), OptionalInt.empty(), OptionalInt.of(4096));
  }

  @Test
  void bothFormsOfRotarySettingsReadEqual() throws IOException {
    Rope linear = new Rope(5000, new Rope.Linear(4));
    assertThat(
            List.of(
                read("""
                        "rope_theta": 5000, "rope_scaling": {"type": "linear", "factor": 4}""")
                    .rope(),
                read("""
                        "rope_theta": 5000.0, "rope_scaling": {"rope_type": "linear", "factor": 4.0}""")
                    .rope(),
                read("""
                        "rope_parameters": {"rope_theta": 5000, "rope_type": "linear", "factor": 4}""")
                    .rope(),
                read("""
                        "rope_scaling": null, "rope_theta": 1,
                        "rope_parameters": {"rope_theta": 5000, "rope_type": "linear", "factor": 4}""")
                    .rope()))
        .containsOnly(linear);
    assertThat(
            read("""
                    "max_position_embeddings": 77, "rope_scaling": {"rope_type": "llama3",
                    "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4}""")
                .rope())
        .isEqualTo(new Rope(10000, new Rope.Llama3(8, 1, 4, 77)));
  }

  @Test
  void endTokensComeFromBothFiles() throws IOException {
    Files.writeString(dir.resolve("generation_config.json"), "{\"eos_token_id\": [7, 2]}");

    assertThat(read("\"eos_token_id\": 2").eosTokens()).containsExactly(2, 7);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          "model_type": "gpt2"                   | model_type 'gpt2' is not supported: expected one of llama, mistral, qwen2, qwen3
          "model_type": null                     | model_type is null: expected the name of a model family
          "hidden_act": "gelu"                   | hidden_act 'gelu' is not supported: expected silu
          "rope_scaling": {"type": "yarn"}       | rope_type 'yarn' (scaling of rotary embeddings) is not supported: expected one of default, linear, llama3
          "rope_parameters": {"rope_type": "linear"} | factor is missing: expected a number
          "rope_parameters": {"partial_rotary_factor": 0.5} | partial_rotary_factor is not supported: expected 1.0
          "hidden_size": null                    | hidden_size is null: expected an integer
          "hidden_size": "24"                    | hidden_size is a string: expected an integer
          "hidden_size": 5000000000              | hidden_size is 5000000000: expected an integer
          "num_hidden_layers": 2000000000        | num_hidden_layers 2000000000: expected at most 1000
          "rope_theta": 0                        | rope_theta 0.0: expected a positive number
          "rope_scaling": {"type": "linear", "factor": -1} | factor -1.0: expected a positive number
          "rope_scaling": {"type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4} | high_freq_factor 4.0: expected more than low_freq_factor 4.0
          "quantization_config": {"quant_method": "fp8"} | quantization_config (quant_method 'fp8') is not supported: expected weights in float32, bfloat16 or float16; convert the checkpoint first
          "model_type": "a [31m b=c"             | model_type 'a [31m b=c' is not supported: expected one of llama, mistral, qwen2, qwen3
          "hidden_size": 26                      | num_attention_heads 4: expected a divisor of hidden_size 26, or a head_dim
          "num_attention_heads": 0               | num_attention_heads 0: expected a divisor of hidden_size 24, or a head_dim
          "num_key_value_heads": 3               | num_key_value_heads 3: expected a divisor of num_attention_heads 4
          "head_dim": 5                          | head_dim 5: expected an even number
          "vocab_size": -1                       | vocab_size -1: expected a positive number
          "num_hidden_layers": 0                 | num_hidden_layers 0: expected a positive number
          "rms_norm_eps": "small"                | rms_norm_eps is a string: expected a number
          "tie_word_embeddings": 1               | tie_word_embeddings is 1: expected true or false
          "eos_token_id": [1, "x"]               | eos_token_id holds a string: expected token ids
          "dtype": "int8"                        | dtype 'int8' is not supported: expected one of float32, bfloat16, float16
          """)
  void anUnsupportedConfigurationIsRefusedWithFileAndField(String fields, String message) {
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> read(fields))
        .withMessage(dir.resolve("config.json") + ": " + message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          "hidden_size": 48                      | hidden_size is 48, expected 24
          "num_hidden_layers": 2                 | num_hidden_layers is 2, expected 3
          "rms_norm_eps": 1e-5                   | rms_norm_eps is 1.0E-5, expected 1.0E-6
          "rope_theta": 500000                   | rope_theta is 500000.0, expected 10000.0
          "rope_scaling": {"type": "linear", "factor": 4} | rope_scaling is Linear[factor=4.0], expected Default[]
          "tie_word_embeddings": true            | tie_word_embeddings is true, expected false
          "attention_bias": true                 | attention_bias is true, expected false
          "mlp_bias": true                       | mlp_bias is true, expected false
          """)
  void aModelThatCannotReplaceAnotherDiffersByAKeyAndBothValues(String fields, String difference)
      throws IOException {
    ModelConfig served = read("\"rms_norm_eps\": 1e-6");

    assertThat(read(fields).differenceFrom(served)).hasValue(difference);
    assertThat(served.differenceFrom(served)).isEmpty();
    assertThat(read("\"max_position_embeddings\": 7").differenceFrom(served)).isEmpty();
  }

  @Test
  void layerTypesMustBeKnownAndOneForEveryLayer() {
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> readQwen("\"layer_types\": [\"full_attention\"]"))
        .withMessageEndingWith("layer_types has 1 entries: expected 3");
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> readQwen("\"layer_types\": [\"linear_attention\"]"))
        .withMessageEndingWith(
            "layer_types has 'linear_attention': expected full_attention or sliding_attention");
  }

  @Test
  void aMissingFieldAMissingFileAndInvalidJsonAreErrors() throws IOException {
    Path file = dir.resolve("config.json");
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> ConfigJson.read(dir))
        .withMessage(file + ": not found, expected the configuration of a Hugging Face model");
    Files.writeString(file, "{\"model_type\": \"llama\"}");
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> ConfigJson.read(dir))
        .withMessage(file + ": hidden_size is missing: expected an integer");
    Files.writeString(file, "[1]");
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> ConfigJson.read(dir))
        .withMessage(file + ": holds an array, expected a JSON object");
    for (String broken : List.of("", "{\"hidden_size\": ", "hello")) {
      Files.writeString(file, broken);
      assertThatExceptionOfType(ModelException.class)
          .isThrownBy(() -> ConfigJson.read(dir))
          .withMessageStartingWith(file + ": ")
          .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
    }
    Files.writeString(file, SHAPE);
    Files.writeString(dir.resolve("generation_config.json"), "{\"eos_token_id\": \"x\"}");
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> ConfigJson.read(dir))
        .withMessage(
            dir.resolve("generation_config.json")
                + ": eos_token_id holds a string: expected token ids");
  }

  @Test
  void withDtypeChangesOnlyTheType() throws IOException {
    ModelConfig before = read("\"eos_token_id\": 3");
    Path file = dir.resolve("config.json");

    Files.write(file, ConfigJson.withDtype(Files.readAllBytes(file), DType.BF16));

    ModelConfig after = ConfigJson.read(dir);
    assertThat(after.dtype()).isEqualTo(DType.BF16);
    assertThat(after.parameterShapes().keySet()).isEqualTo(before.parameterShapes().keySet());
    assertThat(after.eosTokens()).containsExactly(3);
  }

  private ModelConfig readQwen(String fields) throws IOException {
    return read("\"model_type\": \"qwen2\", \"num_key_value_heads\": 2, " + fields);
  }

  /** The small shape with these fields put over it. */
  private ModelConfig read(String fields) throws IOException {
    ObjectNode root = (ObjectNode) JSON.readTree(SHAPE);
    root.setAll((ObjectNode) JSON.readTree("{" + fields + "}"));
    Files.write(dir.resolve("config.json"), JSON.writeValueAsBytes(root));
    return ConfigJson.read(dir);
  }
}
