package dev.freshet.model;

import dev.freshet.trace.Quoted;
import dev.freshet.weights.DType;
import dev.freshet.weights.gguf.GgufFile;
import dev.freshet.weights.gguf.GgufMetadata;
import dev.freshet.weights.gguf.GgufTensor;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The {@code config.json} and {@code generation_config.json} of a model in a GGUF file, from its
 * metadata: architectures {@code llama} (also that of Mistral's models), {@code qwen2} and {@code
 * qwen3}. Embeddings are tied if the file has no {@code output.weight}. Errors name the key.
 */
record GgufConfig(GgufFile gguf, ModelFamily family) {
  private static final ObjectMapper JSON = new ObjectMapper();
  static final String EMBEDDING = "token_embd.weight";
  static final String HEAD = "output.weight";

  /**
   * Numbers that change what llama.cpp computes, each with the values that change nothing; 0 is its
   * default.
   */
  private static final Map<String, Set<Double>> NEUTRAL_NUMBERS =
      Map.of(
          "attention.scale", Set.of(0.0),
          "attention.clamp_kqv", Set.of(0.0),
          "attention.max_alibi_bias", Set.of(0.0),
          "attn_logit_softcapping", Set.of(0.0),
          "final_logit_softcapping", Set.of(0.0),
          "embedding_scale", Set.of(0.0, 1.0),
          "residual_scale", Set.of(0.0, 1.0),
          "logit_scale", Set.of(0.0, 1.0),
          "rope.scale_linear", Set.of(0.0, 1.0));

  /** The model computes these itself; here they tell its scaling. */
  static final String ROPE_FACTORS = "rope_freqs.weight";

  /**
   * The configuration of the model in {@code gguf}.
   *
   * @throws ModelException if the architecture is not supported
   */
  static GgufConfig of(GgufFile gguf) {
    String architecture = gguf.metadata().text("general.architecture").orElse("");
    ModelFamily family =
        switch (architecture) {
          case "llama" -> ModelFamily.LLAMA;
          case "qwen2" -> ModelFamily.QWEN2;
          case "qwen3" -> ModelFamily.QWEN3;
          default ->
              throw new ModelException(
                  "%s: general.architecture %s is not supported: expected one of llama, qwen2, qwen3"
                      .formatted(gguf.file(), Quoted.of(architecture)));
        };
    return new GgufConfig(gguf, family);
  }

  /** The content of a {@code config.json} for weights that are stored as {@code dtype}. */
  ObjectNode config(DType dtype) {
    refuseUnsupported();
    int heads = number("attention.head_count");
    int headDim = headDim(heads);
    ObjectNode root = JSON.createObjectNode();
    root.putArray("architectures").add(family.architecture());
    root.put("model_type", family.wireName());
    root.put("vocab_size", vocabSize());
    root.put("hidden_size", number("embedding_length"));
    root.put("intermediate_size", number("feed_forward_length"));
    root.put("num_hidden_layers", number("block_count"));
    root.put("num_attention_heads", heads);
    root.put("num_key_value_heads", metadata().count(key("attention.head_count_kv")).orElse(heads));
    root.put("head_dim", headDim);
    root.put("hidden_act", "silu");
    root.put("rms_norm_eps", decimal("attention.layer_norm_rms_epsilon"));
    root.put("max_position_embeddings", number("context_length"));
    root.put("tie_word_embeddings", !gguf.tensors().containsKey(HEAD));
    root.put("attention_bias", gguf.tensors().containsKey("blk.0.attn_q.bias"));
    root.put("mlp_bias", gguf.tensors().containsKey("blk.0.ffn_gate.bias"));
    new GgufRope(this, headDim).write(root);
    tokens(root);
    root.put("dtype", ConfigJson.torchName(dtype));
    root.put("torch_dtype", ConfigJson.torchName(dtype));
    return root;
  }

  /** The content of a {@code generation_config.json}. */
  ObjectNode generation() {
    ObjectNode root = JSON.createObjectNode();
    tokens(root);
    return root;
  }

  /** The ids that begin and end a text, and pad a batch; those that the file has. */
  private void tokens(ObjectNode root) {
    token("bos").ifPresent(id -> root.put("bos_token_id", id));
    ConfigJson.putEosTokens(
        root,
        Stream.of("eos", "eot", "eom")
            .flatMapToInt(end -> token(end).stream())
            .distinct()
            .boxed()
            .toList());
    token("padding").ifPresent(id -> root.put("pad_token_id", id));
  }

  private OptionalInt token(String name) {
    String key = "tokenizer.ggml.%s_token_id".formatted(name);
    OptionalInt id = metadata().count(key);
    if (id.isPresent() && id.getAsInt() >= vocabSize()) {
      throw refused("%s is %d, expected an id below %d".formatted(key, id.getAsInt(), vocabSize()));
    }
    return id;
  }

  private void refuseUnsupported() {
    int files = metadata().count("split.count").orElse(1);
    if (files > 1) {
      throw refused(
          "split.count is %d: one of several files, merge them into one first".formatted(files));
    }
    int experts = metadata().count(key("expert_count")).orElse(0);
    if (experts > 0) {
      throw refused(
          "%s is %d: mixtures of experts are not supported"
              .formatted(key("expert_count"), experts));
    }
    if (!metadata().flag(key("attention.causal")).orElse(true)) {
      throw refused(
          "%s is false: attention to later tokens is not supported"
              .formatted(key("attention.causal")));
    }
    NEUTRAL_NUMBERS.forEach(
        (name, neutral) -> {
          double found = metadata().decimal(key(name)).orElse(neutral.iterator().next());
          if (!neutral.contains(found)) {
            throw refused("%s is %s, which is not supported".formatted(key(name), found));
          }
        });
  }

  private int vocabSize() {
    GgufTensor embedding = gguf.tensors().get(EMBEDDING);
    if (embedding == null || embedding.shape().length != 2) {
      throw refused(
          embedding == null
              ? "tensor %s is missing".formatted(EMBEDDING)
              : "tensor %s: expected two dimensions".formatted(embedding));
    }
    long rows = embedding.shape()[0];
    int tokens = metadata().texts("tokenizer.ggml.tokens").size();
    if (rows > Integer.MAX_VALUE || tokens > rows) {
      throw refused(
          "tensor %s: expected a row for each of %d tokens of tokenizer.ggml.tokens"
              .formatted(embedding, tokens));
    }
    return (int) rows;
  }

  private int headDim(int heads) {
    int hidden = number("embedding_length");
    OptionalInt stored = metadata().count(key("attention.key_length"));
    if (stored.isEmpty() && (heads == 0 || hidden % heads != 0)) {
      throw refused(
          "%s is %d, expected a divisor of %s %d"
              .formatted(key("attention.head_count"), heads, key("embedding_length"), hidden));
    }
    int headDim = stored.isPresent() ? stored.getAsInt() : hidden / heads;
    for (String same : List.of("attention.value_length", "rope.dimension_count")) {
      int found = metadata().count(key(same)).orElse(headDim);
      if (found != headDim) {
        throw refused(
            "%s is %d, expected the size of a head, %d".formatted(key(same), found, headDim));
      }
    }
    return headDim;
  }

  GgufMetadata metadata() {
    return gguf.metadata();
  }

  String key(String name) {
    return gguf.metadata().text("general.architecture").orElse("") + "." + name;
  }

  private int number(String name) {
    return metadata()
        .count(key(name))
        .orElseThrow(() -> refused("key %s is missing".formatted(key(name))));
  }

  /** A 32-bit float as the shortest decimal that stands for it, as the model's author wrote it. */
  double decimal(String name) {
    return shortest(
        (float)
            metadata()
                .decimal(key(name))
                .orElseThrow(() -> refused("key %s is missing".formatted(key(name)))));
  }

  static double shortest(float value) {
    return Double.parseDouble(Float.toString(value));
  }

  ModelException refused(String what) {
    return new ModelException("%s: %s".formatted(gguf.file(), what));
  }
}
