package dev.freshet.model;

import dev.freshet.weights.Checkpoint;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The text model inside a directory of Gemma 3 for text and images, {@code model_type} gemma3. Its
 * configuration is {@code text_config}, where fields that have the defaults of transformers may be
 * missing; its tensors have a prefix.
 */
final class Gemma3Multimodal {
  static final String MODEL_TYPE = "gemma3";

  /** Fields that other configurations must have. */
  private static final Map<String, Integer> DEFAULTS =
      Map.of(
          "vocab_size", 262_208,
          "hidden_size", 2304,
          "intermediate_size", 9216,
          "num_hidden_layers", 26,
          "num_attention_heads", 8);

  /** Fields that may stand beside {@code text_config} and not in it. */
  private static final List<String> SHARED =
      List.of("eos_token_id", "dtype", "torch_dtype", "quantization_config", "tie_word_embeddings");

  private static final String EMBEDDING = "model.embed_tokens.weight";

  private Gemma3Multimodal() {}

  /** Whether this is the content of such a directory's {@code config.json}. */
  static boolean is(JsonNode root) {
    return root.path("model_type").asString("").equals(MODEL_TYPE)
        && root.path("text_config").isObject();
  }

  /** The configuration of the text model, as in a directory of its own. */
  static ObjectNode textConfig(JsonNode root) {
    ObjectNode text = ((ObjectNode) root.path("text_config")).deepCopy();
    text.put("model_type", ModelFamily.GEMMA3_TEXT.wireName());
    DEFAULTS.forEach(
        (key, value) -> {
          if (!text.has(key)) {
            text.put(key, value);
          }
        });
    for (String key : SHARED) {
      if (!text.has(key) && root.has(key)) {
        text.set(key, root.get(key));
      }
    }
    return text;
  }

  /**
   * The name under which a checkpoint stores a parameter of the text model. transformers 5 writes
   * {@code model.language_model.layers…}, the published files have {@code
   * language_model.model.layers…}.
   */
  static UnaryOperator<String> storedNames(Checkpoint checkpoint) {
    return checkpoint.tensors().containsKey(newer(EMBEDDING))
        ? Gemma3Multimodal::newer
        : name -> "language_model." + name;
  }

  private static String newer(String name) {
    return name.startsWith("model.")
        ? "model.language_model." + name.substring("model.".length())
        : name;
  }
}
