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
  void aWrittenConfigurationOfGemma3WithoutAWindowReadsBackEqual() throws IOException {
    ModelConfig config =
        read(
            "\"model_type\": \"gemma3_text\", \"sliding_window\": 8, \"sliding_window_pattern\": 1");

    Files.write(dir.resolve("config.json"), ConfigJson.write(config));

    assertThat(ConfigJson.read(dir)).isEqualTo(config);
    assertThat(config.windows()).containsOnly(OptionalInt.empty());
  }

  @Test
  void missingFieldsHaveTheDefaultsOfTransformers() throws IOException {
    ModelConfig llama = read("");
    assertThat(llama.kvHeads()).isEqualTo(4);
    assertThat(llama.headDim()).isEqualTo(6);
    assertThat(llama.maxPositions()).isEqualTo(2048);
    assertThat(llama.rmsNormEps()).isEqualTo(1e-6);
    assertThat(rope(llama)).isEqualTo(new Rope(10000, new Rope.Default()));
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
                rope(
                    read(
                        """
                        "rope_theta": 5000, "rope_scaling": {"type": "linear", "factor": 4}""")),
                rope(
                    read(
                        """
                        "rope_theta": 5000.0, "rope_scaling": {"rope_type": "linear", "factor": 4.0}""")),
                rope(
                    read(
                        """
                        "rope_parameters": {"rope_theta": 5000, "rope_type": "linear", "factor": 4}""")),
                rope(
                    read(
                        """
                        "rope_scaling": null, "rope_theta": 1,
                        "rope_parameters": {"rope_theta": 5000, "rope_type": "linear", "factor": 4}"""))))
        .containsOnly(linear);
    assertThat(
            rope(
                read(
                    """
                    "max_position_embeddings": 77, "rope_scaling": {"rope_type": "llama3",
                    "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4}""")))
        .isEqualTo(new Rope(10000, new Rope.Llama3(8, 1, 4, 77)));
  }

  @Test
  void everyScalingHasTheDefaultsOfTransformers() throws IOException {
    assertThat(scaling("\"type\": \"dynamic\", \"factor\": 2")).isEqualTo(new Rope.Dynamic(2, 512));
    assertThat(scaling("\"type\": \"yarn\", \"factor\": 4"))
        .isEqualTo(new Rope.Yarn(4, 512, 32, 1, 0.1 * Math.log(4) + 1, true));
    assertThat(
            scaling(
                """
                "rope_type": "yarn", "factor": null, "original_max_position_embeddings": 128,
                "beta_fast": 16, "beta_slow": 2, "attention_factor": 1.5, "truncate": false"""))
        .isEqualTo(new Rope.Yarn(4, 128, 16, 2, 1.5, false));
    assertThat(
            scaling(
                """
                "rope_type": "yarn", "factor": 4, "mscale": 2, "mscale_all_dim": 1"""))
        .isEqualTo(
            new Rope.Yarn(4, 512, 32, 1, (0.2 * Math.log(4) + 1) / (0.1 * Math.log(4) + 1), true));
    assertThat(
            scaling(
                """
                "type": "longrope", "short_factor": [1, 1, 1], "long_factor": [1, 2, 3],
                "original_max_position_embeddings": 64"""))
        .isEqualTo(
            new Rope.LongRope(
                List.of(1.0, 1.0, 1.0), List.of(1.0, 2.0, 3.0), Math.sqrt(1 + 3 / 6.0), 64));
  }

  private Rope.Scaling scaling(String parameters) throws IOException {
    return rope(read(
            "\"max_position_embeddings\": 512, \"rope_scaling\": {%s}".formatted(parameters)))
        .scaling();
  }

  @Test
  void anOriginalContextBesideTheParametersComesFirst() throws IOException {
    assertThat(
            rope(read(
                    """
                    "original_max_position_embeddings": 32,
                    "rope_parameters": {"rope_type": "yarn", "factor": 2,
                    "original_max_position_embeddings": 64}"""))
                .scaling())
        .isEqualTo(new Rope.Yarn(2, 32, 32, 1, 0.1 * Math.log(2) + 1, true));
  }

  @Test
  void olderSettingsOfGemma3ReplaceSingleSettingsOfTheNewerOnes() throws IOException {
    String newer =
        """
        "model_type": "gemma3_text", "sliding_window": 8, "sliding_window_pattern": 1,
        "original_max_position_embeddings": 32, "rope_parameters": {"full_attention":
        {"rope_type": "yarn", "factor": 2, "rope_theta": 500, "original_max_position_embeddings": 64}}""";
    Rope.Yarn yarn = new Rope.Yarn(2, 64, 32, 1, 0.1 * Math.log(2) + 1, true);
    assertThat(rope(read(newer))).isEqualTo(new Rope(500, yarn));
    assertThat(rope(read(newer + ", \"rope_scaling\": {}, \"rope_theta\": 7")))
        .isEqualTo(new Rope(500, yarn));
    assertThat(rope(read(newer + ", \"rope_scaling\": {\"rope_type\": \"linear\"}")))
        .isEqualTo(new Rope(500, new Rope.Linear(2)));
  }

  @Test
  void olderNamesOfPhi3sScalingAreLongropeWithTheOriginalContextOfPhi3() throws IOException {
    for (String name : List.of("su", "yarn", "longrope")) {
      assertThat(
              rope(read(
                      """
                      "model_type": "phi3", "max_position_embeddings": 8192, "rope_scaling":
                      {"type": "%s", "short_factor": [1, 1, 1], "long_factor": [1, 2, 3]}"""
                          .formatted(name)))
                  .scaling())
          .isEqualTo(
              new Rope.LongRope(
                  List.of(1.0, 1.0, 1.0),
                  List.of(1.0, 2.0, 3.0),
                  Math.sqrt(1 + Math.log(2) / Math.log(4096)),
                  4096));
    }
  }

  @Test
  void variantsOfGemma3AreRefusedByName() {
    for (String variant :
        List.of(
            "attn_logit_softcapping 50.0",
            "final_logit_softcapping 30.0",
            "use_bidirectional_attention true")) {
      String[] field = variant.split(" ");
      assertThatExceptionOfType(ModelException.class)
          .isThrownBy(
              () ->
                  read("\"model_type\": \"gemma3_text\", \"%s\": %s".formatted(field[0], field[1])))
          .withMessageContaining(field[0])
          .withMessageContaining("is not supported: expected");
    }
  }

  @Test
  void fieldsOfOtherDecodersMustHaveTheValueThatChangesNothing() throws IOException {
    for (String field : List.of("clip_qkv 8.0", "residual_multiplier 0.22", "num_experts 64")) {
      String[] parts = field.split(" ");
      assertThatExceptionOfType(ModelException.class)
          .isThrownBy(() -> read("\"%s\": %s".formatted(parts[0], parts[1])))
          .withMessageContaining(parts[0])
          .withMessageContaining("is not supported: expected null or");
    }
    assertThat(read("\"clip_qkv\": null, \"logit_scale\": 1").family())
        .isEqualTo(ModelFamily.LLAMA);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          "is_causal": false                      | is_causal false is not supported: expected true
          "rope_interleaved": true                | rope_interleaved true is not supported: expected false
          "use_qk_norm": true                     | use_qk_norm true is not supported: expected false
          "alibi": true                           | alibi true is not supported: expected false
          "attention_multiplier": 0.015625        | attention_multiplier 0.015625 is not supported: expected null
          "quantization": {"bits": 4}             | quantization (quant_method 'unknown') is not supported: expected weights in float32, bfloat16 or float16; convert the checkpoint first
          "model_type": "qwen2", "num_key_value_heads": 4, "mlp_bias": true | mlp_bias true is not supported: expected false for qwen2
          "model_type": "mistral", "num_key_value_heads": 4, "attention_bias": true | attention_bias true is not supported: expected false for mistral
          "model_type": "qwen2", "dual_chunk_attention_config": {"chunk_size": 4} | dual_chunk_attention_config is not supported: expected null; without it, contexts up to its original_max_position_embeddings are computed alike
          "sliding_window": 8, "layer_types": ["sliding_attention", "full_attention", "full_attention"] | layer_types has 'sliding_attention', and sliding_window is 8: expected full_attention in all layers of llama
          "model_type": "mistral", "num_key_value_heads": 4, "sliding_window": 8, "layer_types": ["sliding_attention", "full_attention", "sliding_attention"] | layer_types has 'full_attention', and sliding_window is 8: expected sliding_attention in all layers of mistral
          """)
  void aFieldThatChangesTheComputationIsRefusedByName(String fields, String message) {
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> read(fields))
        .withMessage(dir.resolve("config.json") + ": " + message);
  }

  @Test
  void suchAFieldWithTheValueOfItsFamilyIsAccepted() throws IOException {
    assertThat(
            read("""
                    "is_causal": true, "rope_interleaved": false, "quantization": null,
                    "sliding_window": null, "layer_types": ["full_attention"]""")
                .windows())
        .containsOnly(OptionalInt.empty());
    assertThat(
            read("""
                    "model_type": "mistral", "num_key_value_heads": 4, "attention_bias": false,
                    "sliding_window": 8, "layer_types": ["sliding_attention"]""")
                .windows())
        .containsOnly(OptionalInt.of(8));
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
          "model_type": "gpt2"                   | model_type 'gpt2' is not supported: expected one of llama, mistral, qwen2, qwen3, smollm3, phi3, gemma3_text
          "model_type": null                     | model_type is null: expected the name of a model family
          "hidden_act": "gelu"                   | hidden_act 'gelu' is not supported: expected silu
          "rope_scaling": {"type": "mrope"}      | rope_type 'mrope' (scaling of rotary embeddings) is not supported: expected one of default, linear, dynamic, llama3, yarn, longrope
          "rope_parameters": {"rope_type": "linear"} | factor is missing: expected a number
          "rope_parameters": {"partial_rotary_factor": 0.5} | partial_rotary_factor 0.5 is not supported for llama: expected 1.0
          "hidden_size": null                    | hidden_size is null: expected an integer
          "hidden_size": "24"                    | hidden_size is a string: expected an integer
          "hidden_size": 5000000000              | hidden_size is 5000000000: expected an integer
          "num_hidden_layers": 2000000000        | num_hidden_layers 2000000000: expected at most 1000
          "rope_theta": 0                        | rope_theta 0.0: expected a positive number
          "rope_scaling": {"type": "linear", "factor": -1} | factor -1.0: expected a positive number
          "rope_scaling": {"type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4} | high_freq_factor 4.0: expected more than low_freq_factor 4.0
          "rope_scaling": {"rope_type": 7}       | rope_type is 7: expected the name of a scaling
          "model_type": "smollm3", "num_key_value_heads": 4, "no_rope_layers": [1, 0] | no_rope_layers has 2 entries: expected 3
          "model_type": "gemma3_text", "sliding_window": null | sliding_window is null: expected an integer
          "model_type": "gemma3", "text_config": {} | model_type 'gemma3' (text and images) is not supported: import the directory first, which makes a checkpoint of its text model (gemma3_text)
          "head_dim": 0                          | head_dim 0: expected a positive number
          "model_type": "phi3", "partial_rotary_factor": 0.5 | partial_rotary_factor 0.5 rotates 3 of 6 dimensions: expected an even number of them
          "rope_parameters": {"full_attention": {"rope_theta": 7}} | rope_parameters by type of layer are not supported for llama: expected one set of parameters
          "rope_scaling": {"type": "longrope"}   | short_factor is missing: expected an array of numbers
          "rope_scaling": {"type": "longrope", "short_factor": [1], "long_factor": [1, 1, 1]} | short_factor has 1 numbers: expected 3, one for each pair of rotated dimensions
          "rope_scaling": {"type": "longrope", "short_factor": [1, 1, 1], "long_factor": [1, 1, 0]} | long_factor 0.0: expected a positive number
          "quantization_config": {"quant_method": "fp8"} | quantization_config (quant_method 'fp8') is not supported: expected weights in float32, bfloat16 or float16; convert the checkpoint first
          "model_type": "a [31m b=c"             | model_type 'a [31m b=c' is not supported: expected one of llama, mistral, qwen2, qwen3, smollm3, phi3, gemma3_text
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

  private static Rope rope(ModelConfig config) {
    return config.ropes().getFirst().orElseThrow();
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
