package dev.freshet.model;

import dev.freshet.weights.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A {@link ModelConfig} as Hugging Face's {@code config.json}. Reads both forms of the rotary
 * settings ({@code rope_theta} with {@code rope_scaling}, and {@code rope_parameters}); what the
 * file leaves out has the defaults of transformers. What Freshet does not implement is an error,
 * never ignored.
 */
public final class ConfigJson {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ConfigJson() {}

  /**
   * Reads {@code config.json} in a model directory, and {@code generation_config.json} for end
   * tokens if it is there.
   */
  public static ModelConfig read(Path dir) {
    Path file = dir.resolve("config.json");
    JsonNode root = parse(file);
    try {
      return new Reader(root).config(generationEos(dir));
    } catch (ModelException e) {
      throw new ModelException(file + ": " + e.getMessage(), e);
    }
  }

  private static JsonNode parse(Path file) {
    try {
      JsonNode root = JSON.readTree(Files.readAllBytes(file));
      if (!root.isObject()) {
        throw new ModelException(file + ": expected a JSON object");
      }
      return root;
    } catch (java.nio.file.NoSuchFileException e) {
      throw new ModelException(file + ": no such file: expected a Hugging Face model directory", e);
    } catch (IOException e) {
      throw new ModelException(file + ": cannot be read: " + e.getMessage(), e);
    } catch (JacksonException e) {
      throw new ModelException(file + ": not JSON: " + e.getOriginalMessage(), e);
    }
  }

  private static List<Integer> generationEos(Path dir) {
    Path file = dir.resolve("generation_config.json");
    return Files.exists(file) ? tokens(parse(file).path("eos_token_id")) : List.of();
  }

  private static List<Integer> tokens(JsonNode node) {
    List<Integer> tokens = new ArrayList<>();
    if (node.isArray()) {
      node.forEach(token -> tokens.add(token.asInt()));
    } else if (node.isIntegralNumber()) {
      tokens.add(node.asInt());
    }
    return tokens;
  }

  /** The configuration as the content of a {@code config.json} that transformers loads. */
  public static byte[] write(ModelConfig config) {
    ObjectNode root = JSON.createObjectNode();
    root.putArray("architectures").add(config.family().architecture());
    root.put("model_type", config.family().wireName());
    root.put("vocab_size", config.vocabSize());
    root.put("hidden_size", config.hiddenSize());
    root.put("intermediate_size", config.intermediateSize());
    root.put("num_hidden_layers", config.layers());
    root.put("num_attention_heads", config.heads());
    root.put("num_key_value_heads", config.kvHeads());
    root.put("head_dim", config.headDim());
    root.put("hidden_act", "silu");
    root.put("rms_norm_eps", config.rmsNormEps());
    root.put("max_position_embeddings", config.maxPositions());
    root.put("tie_word_embeddings", config.tiedEmbeddings());
    root.put("attention_bias", config.queryKeyValueBias());
    root.put("mlp_bias", config.mlpBias());
    ObjectNode rope = root.putObject("rope_parameters");
    rope.put("rope_theta", config.rope().theta());
    switch (config.rope().scaling()) {
      case Rope.Default() -> rope.put("rope_type", "default");
      case Rope.Linear(double factor) -> rope.put("rope_type", "linear").put("factor", factor);
      case Rope.Llama3 l ->
          rope.put("rope_type", "llama3")
              .put("factor", l.factor())
              .put("low_freq_factor", l.lowFreqFactor())
              .put("high_freq_factor", l.highFreqFactor())
              .put("original_max_position_embeddings", l.originalContext());
    }
    root.put("rope_theta", config.rope().theta());
    windows(config, root);
    if (config.eosTokens().size() == 1) {
      root.put("eos_token_id", config.eosTokens().getFirst());
    } else {
      config.eosTokens().forEach(root.withArray("eos_token_id")::add);
    }
    root.put("dtype", torchName(config.dtype()));
    root.put("torch_dtype", torchName(config.dtype()));
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(root);
  }

  /**
   * The content of a {@code config.json} with another type for the weights and all else as it was.
   */
  public static byte[] withDtype(byte[] json, DType dtype) {
    ObjectNode root = (ObjectNode) JSON.readTree(json);
    root.put("dtype", torchName(dtype));
    root.put("torch_dtype", torchName(dtype));
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(root);
  }

  private static void windows(ModelConfig config, ObjectNode root) {
    Optional<OptionalInt> window =
        config.windows().stream().filter(OptionalInt::isPresent).findFirst();
    if (window.isEmpty()) {
      root.putNull("sliding_window");
      root.put("use_sliding_window", false);
      return;
    }
    root.put("sliding_window", window.get().getAsInt());
    root.put("use_sliding_window", true);
    ArrayNode types = root.putArray("layer_types");
    config
        .windows()
        .forEach(w -> types.add(w.isPresent() ? "sliding_attention" : "full_attention"));
  }

  private static String torchName(DType dtype) {
    return switch (dtype) {
      case BF16 -> "bfloat16";
      case F16 -> "float16";
      default -> "float32";
    };
  }

  private record Reader(JsonNode root) {
    ModelConfig config(List<Integer> generationEos) {
      ModelFamily family = ModelFamily.of(text("model_type"));
      String activation = root.path("hidden_act").asString("silu");
      if (!activation.equals("silu")) {
        throw new ModelException(
            "hidden_act '%s' is not supported: expected silu".formatted(activation));
      }
      if (root.path("partial_rotary_factor").asDouble(1.0) != 1.0) {
        throw new ModelException("partial_rotary_factor is not supported: expected 1.0");
      }
      int hidden = required("hidden_size");
      int heads = required("num_attention_heads");
      int layers = required("num_hidden_layers");
      boolean bias = root.path("attention_bias").asBoolean(false);
      List<Integer> eos = new ArrayList<>(tokens(root.path("eos_token_id")));
      generationEos.stream().filter(token -> !eos.contains(token)).forEach(eos::add);
      int maxPositions =
          optional("max_position_embeddings", family == ModelFamily.LLAMA ? 2048 : 32768);
      return new ModelConfig(
          family,
          required("vocab_size"),
          hidden,
          required("intermediate_size"),
          layers,
          heads,
          optional("num_key_value_heads", family == ModelFamily.MISTRAL ? 8 : heads),
          optional("head_dim", family == ModelFamily.QWEN3 ? 128 : hidden / heads),
          root.path("rms_norm_eps").asDouble(1e-6),
          rope(maxPositions),
          maxPositions,
          root.path("tie_word_embeddings").asBoolean(false),
          family == ModelFamily.QWEN2 || (family != ModelFamily.MISTRAL && bias),
          (family == ModelFamily.LLAMA || family == ModelFamily.QWEN3) && bias,
          family == ModelFamily.LLAMA && root.path("mlp_bias").asBoolean(false),
          windows(family, layers),
          eos,
          dtype());
    }

    private Rope rope(int maxPositions) {
      JsonNode parameters = root.path("rope_parameters");
      JsonNode scaling = parameters.isObject() ? parameters : root.path("rope_scaling");
      double theta =
          parameters.path("rope_theta").asDouble(root.path("rope_theta").asDouble(10000.0));
      String type = scaling.path("rope_type").asString(scaling.path("type").asString("default"));
      return new Rope(
          theta,
          switch (type) {
            case "default" -> new Rope.Default();
            case "linear" -> new Rope.Linear(number(scaling, "factor"));
            case "llama3" ->
                new Rope.Llama3(
                    number(scaling, "factor"),
                    number(scaling, "low_freq_factor"),
                    number(scaling, "high_freq_factor"),
                    scaling.path("original_max_position_embeddings").asInt(maxPositions));
            default ->
                throw new ModelException(
                    "rope_type '%s' is not supported: expected one of default, linear, llama3"
                        .formatted(type));
          });
    }

    private List<OptionalInt> windows(ModelFamily family, int layers) {
      JsonNode window = root.path("sliding_window");
      boolean used =
          switch (family) {
            case LLAMA -> false;
            case MISTRAL -> window.isIntegralNumber();
            case QWEN2, QWEN3 ->
                window.isIntegralNumber() && root.path("use_sliding_window").asBoolean(false);
          };
      JsonNode types = root.path("layer_types");
      int fullLayers = family == ModelFamily.MISTRAL ? 0 : root.path("max_window_layers").asInt(28);
      List<OptionalInt> windows = new ArrayList<>();
      for (int layer = 0; layer < (types.isArray() ? types.size() : layers); layer++) {
        boolean sliding =
            used
                && (types.isArray()
                    ? types.get(layer).asString("").equals("sliding_attention")
                    : layer >= fullLayers);
        windows.add(sliding ? OptionalInt.of(window.asInt()) : OptionalInt.empty());
      }
      return windows;
    }

    private DType dtype() {
      String name = root.path("dtype").asString(root.path("torch_dtype").asString("float32"));
      return switch (name) {
        case "bfloat16" -> DType.BF16;
        case "float16" -> DType.F16;
        case "float32" -> DType.F32;
        default ->
            throw new ModelException(
                "dtype '%s' is not supported: expected one of float32, bfloat16, float16"
                    .formatted(name));
      };
    }

    private int required(String key) {
      JsonNode node = root.path(key);
      if (!node.isIntegralNumber()) {
        throw new ModelException(
            node.isMissingNode()
                ? key + " is missing: expected a positive number"
                : "%s %s: expected a positive number".formatted(key, node));
      }
      return node.asInt();
    }

    private int optional(String key, int otherwise) {
      JsonNode node = root.path(key);
      return node.isMissingNode() || node.isNull() ? otherwise : required(key);
    }

    private String text(String key) {
      JsonNode node = root.path(key);
      if (!node.isString()) {
        throw new ModelException(key + " is missing: expected the name of a model family");
      }
      return node.asString();
    }

    private static double number(JsonNode node, String key) {
      if (!node.path(key).isNumber()) {
        throw new ModelException("rope setting %s is missing: expected a number".formatted(key));
      }
      return node.path(key).asDouble();
    }
  }
}
