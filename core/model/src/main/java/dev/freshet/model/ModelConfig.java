package dev.freshet.model;

import dev.freshet.weights.DType;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;

/**
 * The shape of a decoder, as in its {@code config.json}.
 *
 * @param queryKeyValueBias whether the projections to query, key and value have a bias
 * @param outputBias whether attention's output projection has a bias
 * @param mlpBias whether the MLP's projections have biases
 * @param ropes for each layer, the rotation of queries and keys; empty if there is none
 * @param attentionScale the factor on the products of queries and keys
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
    List<Optional<Rope>> ropes,
    double attentionScale,
    int maxPositions,
    boolean tiedEmbeddings,
    boolean queryKeyValueBias,
    boolean outputBias,
    boolean mlpBias,
    List<OptionalInt> windows,
    List<Integer> eosTokens,
    DType dtype) {

  /** A decoder whose layers all rotate alike, with attention scores divided by √headDim. */
  public ModelConfig(
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
    this(
        family,
        vocabSize,
        hiddenSize,
        intermediateSize,
        layers,
        heads,
        kvHeads,
        headDim,
        rmsNormEps,
        Collections.nCopies(layers, Optional.of(rope)),
        1 / Math.sqrt(headDim),
        maxPositions,
        tiedEmbeddings,
        queryKeyValueBias,
        outputBias,
        mlpBias,
        windows,
        eosTokens,
        dtype);
  }

  public ModelConfig {
    ropes = List.copyOf(ropes);
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
    for (Rope rope : ropes.stream().flatMap(Optional::stream).distinct().toList()) {
      rotates(rope, headDim);
    }
    if (windows.size() != layers) {
      throw new ModelException(
          "layer_types has %d entries: expected %d".formatted(windows.size(), layers));
    }
  }

  /**
   * Most tokens of a sequence: the configured positions, or those that a scaling extends them to.
   */
  public int maxContext() {
    if (family == ModelFamily.GEMMA3_TEXT) {
      return maxPositions; // Configured beside its linear scaling is the extended context.
    }
    return ropes.stream()
        .flatMap(Optional::stream)
        .mapToInt(rope -> rope.maxContext(maxPositions))
        .max()
        .orElse(maxPositions);
  }

  /**
   * The same decoder for sequences of at most {@code maxLength} tokens. Some scalings of rotary
   * embeddings depend on that limit ({@link Rope#forContext}); without a limit, their frequencies
   * are those of {@link #ropes}. A window as long as the limit is none.
   */
  public ModelConfig forContext(int maxLength) {
    return new ModelConfig(
        family,
        vocabSize,
        hiddenSize,
        intermediateSize,
        layers,
        heads,
        kvHeads,
        headDim,
        rmsNormEps,
        ropes.stream()
            .map(layer -> layer.map(rope -> rope.forContext(headDim, maxLength)))
            .toList(),
        attentionScale,
        maxPositions,
        tiedEmbeddings,
        queryKeyValueBias,
        outputBias,
        mlpBias,
        windows.stream()
            .map(window -> window.orElse(0) < maxLength ? window : OptionalInt.empty())
            .toList(),
        eosTokens,
        dtype);
  }

  /** The shape of every parameter by Hugging Face name, in the order the model reads them. */
  public Map<String, long[]> parameterShapes() {
    return ParameterShapes.of(this);
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
    settings.put("rope_theta", byLayer(ropes, Rope::theta));
    settings.put("rope_scaling", byLayer(ropes, Rope::scaling));
    settings.put("partial_rotary_factor", byLayer(ropes, Rope::rotatedShare));
    settings.put("attention scale", attentionScale);
    settings.put("tie_word_embeddings", tiedEmbeddings);
    settings.put("attention_bias", queryKeyValueBias);
    settings.put("attention_bias of o_proj", outputBias);
    settings.put("mlp_bias", mlpBias);
    settings.put("sliding_window by layer", windows.stream().map(ModelConfig::shown).toList());
    return settings;
  }

  /** One value if all layers have the same, a list otherwise. */
  private static Object byLayer(List<Optional<Rope>> ropes, Function<Rope, Object> setting) {
    List<Object> values = ropes.stream().map(rope -> rope.map(setting).orElse("none")).toList();
    return values.stream().distinct().count() == 1 ? values.getFirst() : values;
  }

  private static String shown(OptionalInt window) {
    return window.isPresent() ? String.valueOf(window.getAsInt()) : "none";
  }

  /** Whether a parameter is only read as the weight of a linear layer. */
  public boolean isLinear(String name) {
    return name.endsWith("_proj.weight") || name.equals("lm_head.weight");
  }

  /** The number of parameters. */
  public long parameters() {
    return parameterShapes().values().stream()
        .mapToLong(shape -> Arrays.stream(shape).reduce(1, (a, b) -> a * b))
        .sum();
  }

  private static void rotates(Rope rope, int headDim) {
    int dims = rope.rotatedDims(headDim);
    if (rope.rotatedShare() == 1 && headDim % 2 != 0) {
      throw new ModelException("head_dim %d: expected an even number".formatted(headDim));
    }
    if (dims <= 0 || dims > headDim || dims % 2 != 0) {
      throw new ModelException(
          "partial_rotary_factor %s rotates %d of %d dimensions: expected an even number of them"
              .formatted(rope.rotatedShare(), dims, headDim));
    }
    if (rope.scaling() instanceof Rope.LongRope longRope) {
      divisors("short_factor", longRope.shortDivisors(), dims / 2);
      divisors("long_factor", longRope.longDivisors(), dims / 2);
    }
  }

  private static void divisors(String key, List<Double> found, int expected) {
    if (found.size() != expected) {
      throw new ModelException(
          "%s has %d numbers: expected %d, one for each pair of rotated dimensions"
              .formatted(key, found.size(), expected));
    }
  }

  private static void positive(String key, int value) {
    if (value <= 0) {
      throw new ModelException("%s %d: expected a positive number".formatted(key, value));
    }
  }
}
