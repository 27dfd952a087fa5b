package dev.freshet.model;

import dev.freshet.weights.CheckpointException;
import dev.freshet.weights.DType;
import dev.freshet.weights.ModelFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads and writes a {@link ModelConfig} as Hugging Face's {@code config.json}. Reads both forms of
 * the rotary settings ({@code rope_theta} with {@code rope_scaling}, and {@code rope_parameters}).
 * Missing fields have the defaults of transformers. A setting that Freshet does not implement is an
 * error.
 */
public final class ConfigJson {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ConfigJson() {}

  /**
   * Reads {@code config.json} in a model directory, and end tokens from {@code
   * generation_config.json} if it exists.
   *
   * @throws ModelException if a file cannot be read or the model is not supported
   */
  public static ModelConfig read(Path dir) {
    return read(dir, parse(dir.resolve("config.json")), UnaryOperator.identity());
  }

  /**
   * The configuration of a text model.
   *
   * @param fromMultimodal whether its directory holds a multimodal model, of which it is a part
   */
  record TextModel(ModelConfig config, boolean fromMultimodal) {}

  /** As {@link #read(Path)}; of a multimodal directory, the configuration of its text model. */
  static TextModel readText(Path dir) {
    JsonNode root = parse(dir.resolve("config.json"));
    return Gemma3Multimodal.is(root)
        ? new TextModel(read(dir, root, Gemma3Multimodal::textConfig), true)
        : new TextModel(read(dir, root, UnaryOperator.identity()), false);
  }

  private static ModelConfig read(Path dir, JsonNode root, UnaryOperator<JsonNode> model) {
    Path file = dir.resolve("config.json");
    List<Integer> eosTokens = generationEos(dir);
    try {
      return new ConfigReader(model.apply(root)).config(eosTokens);
    } catch (ModelException e) {
      throw new ModelException(file + ": " + e.getMessage(), e);
    }
  }

  private static JsonNode parse(Path file) {
    JsonNode root;
    try {
      root = ModelFile.json(file, ModelFile.Kind.CONFIG);
    } catch (CheckpointException e) {
      throw new ModelException(String.valueOf(e.getMessage()), e);
    }
    if (!root.isObject()) {
      throw new ModelException(
          "%s: holds %s, expected a JSON object".formatted(file, ModelFile.typeOf(root)));
    }
    return root;
  }

  private static List<Integer> generationEos(Path dir) {
    Path file = dir.resolve("generation_config.json");
    if (!Files.exists(file)) {
      return List.of();
    }
    JsonNode root = parse(file);
    try {
      return ConfigReader.eosTokens(root);
    } catch (ModelException e) {
      throw new ModelException(file + ": " + e.getMessage(), e);
    }
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
    root.put(config.family().activationKey(), config.family().activation().wireName());
    root.put("rms_norm_eps", config.rmsNormEps());
    root.put("max_position_embeddings", config.maxPositions());
    root.put("tie_word_embeddings", config.tiedEmbeddings());
    root.put("attention_bias", config.queryKeyValueBias());
    root.put("mlp_bias", config.mlpBias());
    RopeWriter.write(config, root);
    layers(config, root);
    putEosTokens(root, config.eosTokens());
    root.put("dtype", torchName(config.dtype()));
    root.put("torch_dtype", torchName(config.dtype()));
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(root);
  }

  /** Sets {@code eos_token_id} to none, one or several tokens. */
  static void putEosTokens(ObjectNode root, List<Integer> tokens) {
    switch (tokens.size()) {
      case 0 -> root.putNull("eos_token_id"); // Some families would default to a token.
      case 1 -> root.put("eos_token_id", tokens.getFirst());
      default -> tokens.forEach(root.putArray("eos_token_id")::add);
    }
  }

  /** The content of a {@code config.json} with another type of the weights, otherwise unchanged. */
  public static byte[] withDtype(byte[] json, DType dtype) {
    ObjectNode root = (ObjectNode) JSON.readTree(json);
    root.put("dtype", torchName(dtype));
    root.put("torch_dtype", torchName(dtype));
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(root);
  }

  private static void layers(ModelConfig config, ObjectNode root) {
    OptionalInt window = config.windows().stream().flatMapToInt(OptionalInt::stream).findFirst();
    if (window.isPresent()) {
      root.put("sliding_window", window.getAsInt());
    } else if (config.family() != ModelFamily.GEMMA3_TEXT) { // It must have one, used or not.
      root.putNull("sliding_window");
    }
    root.put("use_sliding_window", window.isPresent());
    switch (config.family()) {
      case LLAMA, MISTRAL, PHI3 -> {} // All layers are alike.
      case QWEN2, QWEN3 -> layerTypes(config, root);
      case SMOLLM3 -> {
        layerTypes(config, root);
        ArrayNode rotated = root.putArray("no_rope_layers");
        config.ropes().forEach(rope -> rotated.add(rope.isPresent() ? 1 : 0));
      }
      case GEMMA3_TEXT -> {
        layerTypes(config, root);
        double scalar = 1 / (config.attentionScale() * config.attentionScale());
        root.put("query_pre_attn_scalar", Math.round(scalar));
      }
    }
  }

  private static void layerTypes(ModelConfig config, ObjectNode root) {
    ArrayNode types = root.putArray("layer_types");
    config
        .windows()
        .forEach(window -> types.add(window.isPresent() ? "sliding_attention" : "full_attention"));
  }

  /** The name of a type in a {@code config.json}. */
  static String torchName(DType dtype) {
    return switch (dtype) {
      case BF16 -> "bfloat16";
      case F16 -> "float16";
      default -> "float32";
    };
  }
}
