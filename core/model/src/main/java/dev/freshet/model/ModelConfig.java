package dev.freshet.model;

import dev.freshet.weights.DType;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The shape of a decoder, as in its {@code config.json}.
 *
 * @param queryKeyValueBias whether the projections to query, key and value have a bias
 * @param outputBias whether attention's output projection has a bias
 * @param mlpBias whether the MLP's projections have biases
 * @param windows for each layer, the number of positions that a query attends to, including its
 *     own; empty for all
 * @param eosTokens the tokens that end a completion
 * @param dtype the stored type of the weights; F32 if the file does not say
 */
public record ModelConfig(
    ModelFamily family,
    int vocabSize,
    int hiddenSize,
    int intermediateSize,
    int layers,
    int heads,
    int kvHeads,
    int headDim,
    double rmsNormEps,
    Rope rope,
    int maxPositions,
    boolean tiedEmbeddings,
    boolean queryKeyValueBias,
    boolean outputBias,
    boolean mlpBias,
    List<OptionalInt> windows,
    List<Integer> eosTokens,
    DType dtype) {

  public ModelConfig {
    windows = List.copyOf(windows);
    eosTokens = List.copyOf(eosTokens);
    positive("vocab_size", vocabSize);
    positive("hidden_size", hiddenSize);
    positive("intermediate_size", intermediateSize);
    positive("num_hidden_layers", layers);
    positive("num_attention_heads", heads);
    positive("num_key_value_heads", kvHeads);
    positive("head_dim", headDim);
    positive("max_position_embeddings", maxPositions);
    if (heads % kvHeads != 0) {
      throw new ModelException(
          "num_key_value_heads %d: expected a divisor of num_attention_heads %d"
              .formatted(kvHeads, heads));
    }
    if (headDim % 2 != 0) {
      throw new ModelException("head_dim %d: expected an even number".formatted(headDim));
    }
    if (windows.size() != layers) {
      throw new ModelException(
          "layer_types has %d entries: expected %d".formatted(windows.size(), layers));
    }
  }

  /** Whether query and key are normalised per head before rotation. */
  boolean queryKeyNorm() {
    return family == ModelFamily.QWEN3;
  }

  /** The shape of every parameter by Hugging Face name, in the order the model reads them. */
  public Map<String, long[]> parameterShapes() {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put("model.embed_tokens.weight", new long[] {vocabSize, hiddenSize});
    for (int layer = 0; layer < layers; layer++) {
      String prefix = "model.layers." + layer + ".";
      shapes.put(prefix + "input_layernorm.weight", new long[] {hiddenSize});
      projection(
          shapes,
          prefix + "self_attn.q_proj",
          (long) heads * headDim,
          hiddenSize,
          queryKeyValueBias);
      projection(
          shapes,
          prefix + "self_attn.k_proj",
          (long) kvHeads * headDim,
          hiddenSize,
          queryKeyValueBias);
      projection(
          shapes,
          prefix + "self_attn.v_proj",
          (long) kvHeads * headDim,
          hiddenSize,
          queryKeyValueBias);
      if (queryKeyNorm()) {
        shapes.put(prefix + "self_attn.q_norm.weight", new long[] {headDim});
        shapes.put(prefix + "self_attn.k_norm.weight", new long[] {headDim});
      }
      projection(
          shapes, prefix + "self_attn.o_proj", hiddenSize, (long) heads * headDim, outputBias);
      shapes.put(prefix + "post_attention_layernorm.weight", new long[] {hiddenSize});
      projection(shapes, prefix + "mlp.gate_proj", intermediateSize, hiddenSize, mlpBias);
      projection(shapes, prefix + "mlp.up_proj", intermediateSize, hiddenSize, mlpBias);
      projection(shapes, prefix + "mlp.down_proj", hiddenSize, intermediateSize, mlpBias);
    }
    shapes.put("model.norm.weight", new long[] {hiddenSize});
    if (!tiedEmbeddings) {
      shapes.put("lm_head.weight", new long[] {vocabSize, hiddenSize});
    }
    return shapes;
  }

  /**
   * The first setting that keeps weights of this shape from replacing weights of the other shape
   * while sequences run, with both values; empty if the computation and all shapes are the same.
   */
  public Optional<String> differenceFrom(ModelConfig other) {
    Map<String, Object> expected = other.computation();
    return computation().entrySet().stream()
        .filter(setting -> !setting.getValue().equals(expected.get(setting.getKey())))
        .map(
            setting ->
                "%s is %s, expected %s"
                    .formatted(
                        setting.getKey(), setting.getValue(), expected.get(setting.getKey())))
        .findFirst();
  }

  /** The settings that computation and shapes depend on, by their keys in the file. */
  private Map<String, Object> computation() {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("model_type", family.wireName());
    settings.put("hidden_size", hiddenSize);
    settings.put("num_hidden_layers", layers);
    settings.put("vocab_size", vocabSize);
    settings.put("intermediate_size", intermediateSize);
    settings.put("num_attention_heads", heads);
    settings.put("num_key_value_heads", kvHeads);
    settings.put("head_dim", headDim);
    settings.put("rms_norm_eps", rmsNormEps);
    settings.put("rope_theta", rope.theta());
    settings.put("rope_scaling", rope.scaling());
    settings.put("tie_word_embeddings", tiedEmbeddings);
    settings.put("attention_bias", queryKeyValueBias);
    settings.put("attention_bias of o_proj", outputBias);
    settings.put("mlp_bias", mlpBias);
    settings.put("sliding_window by layer", windows.stream().map(ModelConfig::shown).toList());
    return settings;
  }

  private static String shown(OptionalInt window) {
    return window.isPresent() ? String.valueOf(window.getAsInt()) : "none";
  }

  /** The number of parameters. */
  public long parameters() {
    return parameterShapes().values().stream()
        .mapToLong(shape -> Arrays.stream(shape).reduce(1, (a, b) -> a * b))
        .sum();
  }

  private static void projection(
      Map<String, long[]> shapes, String name, long out, long in, boolean bias) {
    shapes.put(name + ".weight", new long[] {out, in});
    if (bias) {
      shapes.put(name + ".bias", new long[] {out});
    }
  }

  private static void positive(String key, int value) {
    if (value <= 0) {
      throw new ModelException("%s %d: expected a positive number".formatted(key, value));
    }
  }
}
