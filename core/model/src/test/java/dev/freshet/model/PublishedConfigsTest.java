package dev.freshet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * The configurations of published models against what transformers makes of them; {@code
 * expect_published.py} writes the expected values.
 */
class PublishedConfigsTest {
  private static final Path PUBLISHED = Path.of("src/test/published");
  private static final ObjectMapper JSON = new ObjectMapper();

  static Collection<String> models() {
    return json("models.json").propertyNames();
  }

  private static JsonNode json(String file) {
    return JSON.readTree(PUBLISHED.resolve(file).toFile());
  }

  private static ModelConfig config(String model) {
    return new ConfigReader(json("models.json").get(model)).config(List.of());
  }

  @ParameterizedTest
  @MethodSource("models")
  void aPublishedModelHasTheParametersWindowsAndRotationsOfTransformers(String model) {
    ModelConfig config = config(model).forContext(Integer.MAX_VALUE);
    JsonNode expected = json("expected.json").get(model);

    assertThat(config.parameters()).isEqualTo(expected.get("parameters").asLong());
    List<JsonNode> layers = new ArrayList<>();
    for (JsonNode run : expected.get("layers")) {
      for (int i = 0; i < run.get("count").asInt(); i++) {
        layers.add(run);
      }
    }
    assertThat(config.layers()).isEqualTo(layers.size());
    for (int layer = 0; layer < layers.size(); layer++) {
      JsonNode window = layers.get(layer).get("window");
      assertThat(config.windows().get(layer))
          .as("window of layer %d", layer)
          .isEqualTo(window.isNull() ? OptionalInt.empty() : OptionalInt.of(window.asInt()));
      assertRotation(config, layer, layers.get(layer));
    }
  }

  private static void assertRotation(ModelConfig config, int layer, JsonNode expected) {
    JsonNode frequencies = expected.get("frequencies");
    Optional<Rope> rope = config.ropes().get(layer);
    assertThat(rope.isPresent()).as("rotation of layer %d", layer).isEqualTo(!frequencies.isNull());
    if (rope.isEmpty()) {
      return;
    }
    double[] found = rope.get().frequencies(config.headDim());
    int[] sampled = {0, 1, found.length / 2, found.length - 1};
    for (int i = 0; i < sampled.length; i++) {
      double frequency = frequencies.get(i).asDouble();
      assertThat(found[sampled[i]])
          .as("frequency %d of layer %d", sampled[i], layer)
          .isCloseTo(frequency, within(1e-6 * frequency));
    }
    assertThat(rope.get().scaling().magnitude())
        .isCloseTo(expected.get("magnitude").asDouble(), within(1e-9));
  }

  @ParameterizedTest
  @MethodSource("models")
  void aPublishedModelHasItsEndTokensHeadsAndType(String model) {
    JsonNode stored = json("models.json").get(model);
    ModelConfig config = config(model);

    assertThat(config.eosTokens()).isEqualTo(ConfigReader.eosTokens(stored)).isNotEmpty();
    assertThat(config.heads()).isEqualTo(stored.get("num_attention_heads").asInt());
    assertThat(config.kvHeads()).isEqualTo(stored.get("num_key_value_heads").asInt());
    assertThat(config.vocabSize()).isEqualTo(stored.get("vocab_size").asInt());
    assertThat(ConfigJson.torchName(config.dtype()))
        .isEqualTo(stored.get("torch_dtype").asString());
  }

  @ParameterizedTest
  @MethodSource("models")
  void aWrittenConfigurationOfAPublishedModelReadsBackEqual(String model) {
    ModelConfig config = config(model);

    assertThat(new ConfigReader(JSON.readTree(ConfigJson.write(config))).config(List.of()))
        .isEqualTo(config);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "cohere2",
        "deepseek_v3",
        "exaone4",
        "gemma2",
        "glm4",
        "gpt_oss",
        "granite",
        "llama4_text",
        "ministral",
        "mistral3",
        "mixtral",
        "olmo2",
        "phi3small",
        "phimoe",
        "qwen2_moe",
        "qwen3_moe",
        "seed_oss",
        "stablelm",
        "starcoder2"
      })
  void aModelOfAnotherFamilyIsRefusedByNameWithTheSupportedOnes(String family) {
    assertThatThrownBy(
            () ->
                new ConfigReader(JSON.createObjectNode().put("model_type", family))
                    .config(List.of()))
        .isInstanceOf(ModelException.class)
        .hasMessage(
            "model_type '%s' is not supported: expected one of llama, mistral, qwen2, qwen3, smollm3, phi3, gemma3_text",
            family);
  }
}
