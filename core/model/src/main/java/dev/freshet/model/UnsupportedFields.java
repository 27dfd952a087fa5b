package dev.freshet.model;

import dev.freshet.trace.Quoted;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * The fields of a {@code config.json} that make a decoder compute something else than its family
 * does here. A file may have one of them with the value that changes nothing.
 */
record UnsupportedFields(JsonFields fields, ModelFamily family) {
  /** Numbers of other decoders, each with the value that changes nothing. */
  private static final Map<String, Double> NEUTRAL_NUMBERS =
      Map.of(
          "clip_qkv", 0.0,
          "embedding_multiplier", 1.0,
          "residual_multiplier", 1.0,
          "logits_scaling", 1.0,
          "logit_scale", 1.0,
          "num_experts", 0.0,
          "num_local_experts", 0.0);

  /**
   * Flags that must not be set: attention to later tokens or with biases by distance, norms of
   * queries and keys, layers side by side, a rotation of neighbouring dimensions.
   */
  private static final List<String> FALSE_FLAGS =
      List.of(
          "use_bidirectional_attention",
          "alibi",
          "use_qk_norm",
          "qk_layernorm",
          "parallel_attn",
          "use_parallel_residual",
          "rope_interleaved",
          "rope_interleave");

  /** Numbers that change the result whatever their value. */
  private static final List<String> ABSENT_NUMBERS =
      List.of("attn_logit_softcapping", "final_logit_softcapping", "attention_multiplier");

  /** Where quantized weights, such as FP8, are described: their scales would have to be applied. */
  private static final List<String> QUANTIZATION =
      List.of("quantization_config", "quantization", "compression_config");

  /**
   * Refuses the first such field.
   *
   * @throws ModelException that names the field, its value and the expected one
   */
  void refuse() {
    activation();
    for (String key : ABSENT_NUMBERS) {
      if (fields.has(key)) {
        throw refused(key, fields.decimal(key), "null");
      }
    }
    NEUTRAL_NUMBERS.forEach(
        (key, neutral) -> {
          if (fields.has(key) && fields.decimal(key) != neutral) {
            throw refused(key, fields.decimal(key), "null or " + neutral);
          }
        });
    for (String key : FALSE_FLAGS) {
      if (fields.flag(key, false)) {
        throw refused(key, true, "false");
      }
    }
    if (!fields.flag("is_causal", true)) {
      throw refused("is_causal", false, "true");
    }
    if (fields.has("dual_chunk_attention_config")) {
      throw new ModelException(
          "dual_chunk_attention_config is not supported: expected null; without it, contexts up to its original_max_position_embeddings are computed alike");
    }
    biases();
    quantization();
  }

  private static ModelException refused(String key, Object found, String expected) {
    return new ModelException(
        "%s %s is not supported: expected %s".formatted(key, found, expected));
  }

  private void activation() {
    String key = family.activationKey();
    String supported = family.activation().wireName();
    String found = fields.has(key) ? fields.text(key, supported) : supported;
    if (!found.equals(supported)) {
      throw refused(key, Quoted.of(found), supported);
    }
  }

  /** Programs differ in whether a family has biases that transformers does not give it. */
  private void biases() {
    boolean ofAttention = family != ModelFamily.MISTRAL && family != ModelFamily.PHI3;
    if (!ofAttention && fields.flag("attention_bias", false)) {
      throw refused("attention_bias", true, "false for " + family.wireName());
    }
    if (!family.mayHaveMlpBias() && fields.flag("mlp_bias", false)) {
      throw refused("mlp_bias", true, "false for " + family.wireName());
    }
  }

  private void quantization() {
    for (String key : QUANTIZATION) {
      JsonNode quantization = fields.root().path(key);
      if (!quantization.isMissingNode() && !quantization.isNull()) {
        String method = quantization.path("quant_method").asString("unknown");
        throw new ModelException(
            "%s (quant_method %s) is not supported: expected weights in float32, bfloat16 or float16; convert the checkpoint first"
                .formatted(key, Quoted.of(method)));
      }
    }
  }
}
