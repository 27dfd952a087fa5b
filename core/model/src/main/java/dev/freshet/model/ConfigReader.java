package dev.freshet.model;

import dev.freshet.trace.Quoted;
import dev.freshet.weights.DType;
import dev.freshet.weights.ModelFile;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * Reads the content of a {@code config.json} as transformers does: a missing field has the family's
 * default, a present one must have the right type. Errors name the field.
 */
record ConfigReader(JsonNode root, JsonFields fields) {
  /** Several times as many as any published decoder; what is read below is in proportion to it. */
  private static final int MOST_LAYERS = 1_000;

  private static final int DEFAULT_QUERY_SCALAR = 256;

  ConfigReader(JsonNode root) {
    this(root, new JsonFields(root));
  }

  ModelConfig config(List<Integer> generationEos) {
    if (Gemma3Multimodal.is(root)) {
      throw new ModelException(
          "model_type 'gemma3' (text and images) is not supported: import the directory first, which makes a checkpoint of its text model (gemma3_text)");
    }
    ModelFamily family = ModelFamily.of(fields.text("model_type", "the name of a model family"));
    FamilyDefaults defaults = FamilyDefaults.of(family);
    new UnsupportedFields(fields, family).refuse();
    int hidden = fields.number("hidden_size");
    int heads = fields.number("num_attention_heads");
    int layers = fields.number("num_hidden_layers");
    if (layers > MOST_LAYERS) {
      throw new ModelException(
          "num_hidden_layers %d: expected at most %d".formatted(layers, MOST_LAYERS));
    }
    boolean bias = fields.flag("attention_bias", false);
    List<Integer> eos = new ArrayList<>(eosTokens(root));
    generationEos.stream().filter(token -> !eos.contains(token)).forEach(eos::add);
    int maxPositions = fields.number("max_position_embeddings", defaults.maxPositions());
    LayersReader each = new LayersReader(fields, family, Math.max(layers, 0));
    int headDim = headDim(defaults, hidden, heads);
    return new ModelConfig(
        family,
        fields.number("vocab_size"),
        hidden,
        fields.number("intermediate_size"),
        layers,
        heads,
        root.path("num_key_value_heads").isNull()
            ? heads
            : fields.number("num_key_value_heads", defaults.kvHeads().orElse(heads)),
        headDim,
        fields.decimal("rms_norm_eps", defaults.rmsNormEps()),
        each.ropes(new RopeReader(fields, family, maxPositions)),
        attentionScale(family, headDim),
        maxPositions,
        fields.flag("tie_word_embeddings", defaults.tiedEmbeddings()),
        queryKeyValueBias(family, bias),
        outputBias(family, bias),
        family.mayHaveMlpBias() && fields.flag("mlp_bias", false),
        each.windows(),
        eos,
        dtype());
  }

  private static boolean queryKeyValueBias(ModelFamily family, boolean bias) {
    return switch (family) {
      case QWEN2 -> true;
      case MISTRAL, PHI3 -> false;
      case LLAMA, QWEN3, SMOLLM3, GEMMA3_TEXT -> bias;
    };
  }

  private static boolean outputBias(ModelFamily family, boolean bias) {
    return family != ModelFamily.QWEN2 && queryKeyValueBias(family, bias);
  }

  private double attentionScale(ModelFamily family, int headDim) {
    if (family != ModelFamily.GEMMA3_TEXT) {
      return 1 / Math.sqrt(headDim);
    }
    String key = "query_pre_attn_scalar";
    return 1 / Math.sqrt(JsonFields.positive(key, fields.decimal(key, DEFAULT_QUERY_SCALAR)));
  }

  /** The values of {@code eos_token_id}: none, one or several. */
  static List<Integer> eosTokens(JsonNode root) {
    JsonNode node = root.path("eos_token_id");
    List<Integer> tokens = new ArrayList<>();
    if (node.isMissingNode() || node.isNull()) {
      return tokens;
    }
    for (JsonNode token : node.isArray() ? node : List.of(node)) {
      if (!JsonFields.isInt(token)) {
        throw new ModelException(
            "eos_token_id holds %s: expected token ids".formatted(ModelFile.typeOf(token)));
      }
      tokens.add(token.asInt());
    }
    return tokens;
  }

  private int headDim(FamilyDefaults defaults, int hidden, int heads) {
    if (fields.has("head_dim")) {
      return fields.number("head_dim");
    }
    if (defaults.headDim().isPresent()) {
      return defaults.headDim().getAsInt();
    }
    if (heads <= 0 || hidden % heads != 0) {
      throw new ModelException(
          "num_attention_heads %d: expected a divisor of hidden_size %d, or a head_dim"
              .formatted(heads, hidden));
    }
    return hidden / heads;
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
}
