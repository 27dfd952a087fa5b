package dev.freshet.model;

import dev.freshet.weights.CheckpointException;
import dev.freshet.weights.DType;
import dev.freshet.weights.ModelFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
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
    Path file = dir.resolve("config.json");
    JsonNode root = parse(file);
    List<Integer> eosTokens = generationEos(dir);
    try {
      return new ConfigReader(root).config(eosTokens);
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
    if (config.family() == ModelFamily.MISTRAL) {
      return; // All of its layers have the window; transformers ignores layer types.
    }
    ArrayNode types = root.putArray("layer_types");
    config
        .windows()
        .forEach(w -> types.add(w.isPresent() ? "sliding_attention" : "full_attention"));
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
