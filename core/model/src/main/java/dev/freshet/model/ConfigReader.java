package dev.freshet.model;

import dev.freshet.trace.Quoted;
import dev.freshet.weights.DType;
import dev.freshet.weights.ModelFile;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Predicate;
import tools.jackson.databind.JsonNode;

/**
 * Reads the content of a {@code config.json} as transformers does: a missing field has the family's
 * default, a present one must have the right type. Errors name the field.
 */
record ConfigReader(JsonNode root) {
  /** Several times as many as any published decoder; what is read below is in proportion to it. */
  private static final int MOST_LAYERS = 1_000;

  private static final int DEFAULT_WINDOW = 4096;
  private static final int DEFAULT_MAX_WINDOW_LAYERS = 28;

  ModelConfig config(List<Integer> generationEos) {
    ModelFamily family =
        ModelFamily.of(
            required(root, "model_type", JsonNode::isString, "the name of a model family")
                .asString());
    String activation = root.path("hidden_act").asString("silu");
    if (!activation.equals("silu")) {
      throw new ModelException(
          "hidden_act %s is not supported: expected silu".formatted(Quoted.of(activation)));
    }
    refuseQuantized();
    int hidden = number("hidden_size");
    int heads = number("num_attention_heads");
    int layers = number("num_hidden_layers");
    if (layers > MOST_LAYERS) {
      throw new ModelException(
          "num_hidden_layers %d: expected at most %d".formatted(layers, MOST_LAYERS));
    }
    boolean bias = flag("attention_bias");
    List<Integer> eos = new ArrayList<>(eosTokens(root));
    generationEos.stream().filter(token -> !eos.contains(token)).forEach(eos::add);
    int maxPositions = number("max_position_embeddings", defaultMaxPositions(family));
    return new ModelConfig(
        family,
        number("vocab_size"),
        hidden,
        number("intermediate_size"),
        layers,
        heads,
        root.path("num_key_value_heads").isNull()
            ? heads
            : number("num_key_value_heads", defaultKvHeads(family, heads)),
        headDim(family, hidden, heads),
        decimal(root, "rms_norm_eps", 1e-6),
        rope(maxPositions),
        maxPositions,
        flag("tie_word_embeddings"),
        family == ModelFamily.QWEN2 || (family != ModelFamily.MISTRAL && bias),
        (family == ModelFamily.LLAMA || family == ModelFamily.QWEN3) && bias,
        family == ModelFamily.LLAMA && flag("mlp_bias"),
        windows(family, layers),
        eos,
        dtype());
  }

  /** Quantized weights, such as FP8, would need their scales applied. */
  private void refuseQuantized() {
    JsonNode quantization = root.path("quantization_config");
    if (!quantization.isMissingNode() && !quantization.isNull()) {
      throw new ModelException(
          "quantization_config (quant_method %s) is not supported: expected weights in float32, bfloat16 or float16; convert the checkpoint first"
              .formatted(Quoted.of(quantization.path("quant_method").asString("unknown"))));
    }
  }

  /** The values of {@code eos_token_id}: none, one or several. */
  static List<Integer> eosTokens(JsonNode root) {
    JsonNode node = root.path("eos_token_id");
    List<Integer> tokens = new ArrayList<>();
    if (node.isMissingNode() || node.isNull()) {
      return tokens;
    }
    for (JsonNode token : node.isArray() ? node : List.of(node)) {
      if (!isInt(token)) {
        throw new ModelException(
            "eos_token_id holds %s: expected token ids".formatted(ModelFile.typeOf(token)));
      }
      tokens.add(token.asInt());
    }
    return tokens;
  }

  private static int defaultMaxPositions(ModelFamily family) {
    return switch (family) {
      case LLAMA -> 2048;
      case MISTRAL -> 131072;
      case QWEN2, QWEN3 -> 32768;
    };
  }

  private static int defaultKvHeads(ModelFamily family, int heads) {
    return switch (family) {
      case LLAMA -> heads;
      case MISTRAL -> 8;
      case QWEN2, QWEN3 -> 32;
    };
  }

  private int headDim(ModelFamily family, int hidden, int heads) {
    JsonNode node = root.path("head_dim");
    if (!node.isMissingNode() && !node.isNull()) {
      return number("head_dim");
    }
    if (family == ModelFamily.QWEN3) {
      return 128;
    }
    if (heads <= 0 || hidden % heads != 0) {
      throw new ModelException(
          "num_attention_heads %d: expected a divisor of hidden_size %d, or a head_dim"
              .formatted(heads, hidden));
    }
    return hidden / heads;
  }

  private Rope rope(int maxPositions) {
    // If a file has both, transformers uses the older one.
    JsonNode older = root.path("rope_scaling");
    JsonNode rope = older.isObject() && !older.isEmpty() ? older : root.path("rope_parameters");
    if (decimal(rope, "partial_rotary_factor", decimal(root, "partial_rotary_factor", 1)) != 1) {
      throw new ModelException("partial_rotary_factor is not supported: expected 1.0");
    }
    double theta =
        positive("rope_theta", decimal(rope, "rope_theta", decimal(root, "rope_theta", 10000)));
    String type = rope.path("rope_type").asString(rope.path("type").asString("default"));
    return new Rope(
        theta,
        switch (type) {
          case "default" -> new Rope.Default();
          case "linear" -> new Rope.Linear(positive("factor", decimal(rope, "factor")));
          case "llama3" -> llama3(rope, maxPositions);
          default ->
              throw new ModelException(
                  "rope_type %s (scaling of rotary embeddings) is not supported: expected one of default, linear, llama3"
                      .formatted(Quoted.of(type)));
        });
  }

  private static Rope.Llama3 llama3(JsonNode rope, int maxPositions) {
    double low = positive("low_freq_factor", decimal(rope, "low_freq_factor"));
    double high = decimal(rope, "high_freq_factor");
    if (high <= low) {
      throw new ModelException(
          "high_freq_factor %s: expected more than low_freq_factor %s".formatted(high, low));
    }
    return new Rope.Llama3(
        positive("factor", decimal(rope, "factor")),
        low,
        high,
        (int)
            positive(
                "original_max_position_embeddings",
                decimal(rope, "original_max_position_embeddings", maxPositions)));
  }

  private List<OptionalInt> windows(ModelFamily family, int layers) {
    boolean used =
        switch (family) {
          case LLAMA -> false;
          case MISTRAL -> !root.path("sliding_window").isNull();
          case QWEN2, QWEN3 -> flag("use_sliding_window") && !root.path("sliding_window").isNull();
        };
    OptionalInt window =
        used
            ? OptionalInt.of(
                (int) positive("sliding_window", number("sliding_window", DEFAULT_WINDOW)))
            : OptionalInt.empty();
    List<OptionalInt> windows = new ArrayList<>();
    JsonNode types = root.path("layer_types");
    if (types.isArray() && (family == ModelFamily.QWEN2 || family == ModelFamily.QWEN3)) {
      types.forEach(type -> windows.add(isSliding(type) ? window : OptionalInt.empty()));
      return windows;
    }
    int fullLayers =
        family == ModelFamily.MISTRAL ? 0 : number("max_window_layers", DEFAULT_MAX_WINDOW_LAYERS);
    for (int layer = 0; layer < layers; layer++) {
      windows.add(layer >= fullLayers ? window : OptionalInt.empty());
    }
    return windows;
  }

  private static boolean isSliding(JsonNode type) {
    return switch (type.asString("")) {
      case "sliding_attention" -> true;
      case "full_attention" -> false;
      default ->
          throw new ModelException(
              "layer_types has %s: expected full_attention or sliding_attention"
                  .formatted(Quoted.of(type.asString(""))));
    };
  }

  private DType dtype() {
    String name = root.path("dtype").asString(root.path("torch_dtype").asString("float32"));
    return switch (name) {
      case "bfloat16" -> DType.BF16;
      case "float16" -> DType.F16;
      case "float32" -> DType.F32;
      default ->
          throw new ModelException(
              "dtype %s is not supported: expected one of float32, bfloat16, float16"
                  .formatted(Quoted.of(name)));
    };
  }

  private int number(String key) {
    return required(root, key, ConfigReader::isInt, "an integer").asInt();
  }

  private int number(String key, int otherwise) {
    JsonNode node = root.path(key);
    return node.isMissingNode() || node.isNull() ? otherwise : number(key);
  }

  private static boolean isInt(JsonNode node) {
    return node.isIntegralNumber() && node.canConvertToInt();
  }

  private static double decimal(JsonNode parent, String key) {
    return required(
            parent, key, node -> node.isNumber() && Double.isFinite(node.asDouble()), "a number")
        .asDouble();
  }

  private static double positive(String key, double value) {
    if (value <= 0) {
      throw new ModelException("%s %s: expected a positive number".formatted(key, value));
    }
    return value;
  }

  private static double decimal(JsonNode parent, String key, double otherwise) {
    JsonNode node = parent.path(key);
    return node.isMissingNode() || node.isNull() ? otherwise : decimal(parent, key);
  }

  private boolean flag(String key) {
    JsonNode node = root.path(key);
    return !node.isMissingNode()
        && !node.isNull()
        && required(root, key, JsonNode::isBoolean, "true or false").asBoolean();
  }

  private static JsonNode required(
      JsonNode parent, String key, Predicate<JsonNode> type, String expected) {
    JsonNode node = parent.path(key);
    if (!type.test(node)) {
      throw new ModelException(
          "%s %s: expected %s"
              .formatted(key, "is " + (node.isNumber() ? node : ModelFile.typeOf(node)), expected));
    }
    return node;
  }
}
