package dev.freshet.weights.gguf;

import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.DType;
import dev.freshet.weights.TensorView;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * Writes a Hugging Face directory as a GGUF file as llama.cpp's converter does: its names, its
 * order of query and key rows for llama, its metadata and its tables of the tokenizer.
 */
public final class GgufFixture {
  private static final Map<String, String> NAMES =
      Map.ofEntries(
          Map.entry("model.embed_tokens", "token_embd"),
          Map.entry("model.norm", "output_norm"),
          Map.entry("lm_head", "output"),
          Map.entry("input_layernorm", "attn_norm"),
          Map.entry("self_attn.q_proj", "attn_q"),
          Map.entry("self_attn.k_proj", "attn_k"),
          Map.entry("self_attn.v_proj", "attn_v"),
          Map.entry("self_attn.o_proj", "attn_output"),
          Map.entry("self_attn.q_norm", "attn_q_norm"),
          Map.entry("self_attn.k_norm", "attn_k_norm"),
          Map.entry("post_attention_layernorm", "ffn_norm"),
          Map.entry("mlp.gate_proj", "ffn_gate"),
          Map.entry("mlp.up_proj", "ffn_up"),
          Map.entry("mlp.down_proj", "ffn_down"));

  private GgufFixture() {}

  /** The model in {@code dir} as a file that can be added to. */
  public static GgufBuilder of(Path dir) throws IOException {
    JsonNode config = json(dir.resolve("config.json"));
    String family = config.get("model_type").asString();
    GgufBuilder gguf = new GgufBuilder().key("general.architecture", family);
    metadata(gguf, family + ".", config);
    if (Files.exists(dir.resolve("tokenizer.json"))) {
      tokenizer(gguf, json(dir.resolve("tokenizer.json")), config);
      gguf.key("tokenizer.chat_template", Files.readString(dir.resolve("chat_template.jinja")));
    }
    int headDim = headDim(config);
    try (Checkpoint checkpoint = Checkpoint.open(dir)) {
      for (TensorView tensor : checkpoint.tensors().values()) {
        boolean permuted = family.equals("llama") && tensor.name().matches(".*[.][qk]_proj[.].*");
        byte[] data = tensor.data().toArray(ValueLayout.JAVA_BYTE);
        int rows = Math.toIntExact(tensor.shape()[0]);
        gguf.tensor(
            storedName(tensor.name()),
            tensor.dtype() == DType.F32 ? 0 : tensor.dtype() == DType.F16 ? 1 : 30,
            permuted ? permute(data, rows, headDim) : data,
            tensor.shape());
      }
    }
    return gguf;
  }

  private static JsonNode json(Path file) throws IOException {
    return new ObjectMapper().readTree(Files.readAllBytes(file));
  }

  private static int headDim(JsonNode config) {
    return config
        .path("head_dim")
        .asInt(config.get("hidden_size").asInt() / config.get("num_attention_heads").asInt());
  }

  private static void metadata(GgufBuilder gguf, String prefix, JsonNode config) {
    JsonNode rope = config.path("rope_parameters");
    gguf.key(prefix + "block_count", config.get("num_hidden_layers").asInt())
        .key(prefix + "context_length", config.get("max_position_embeddings").asInt())
        .key(prefix + "embedding_length", config.get("hidden_size").asInt())
        .key(prefix + "feed_forward_length", config.get("intermediate_size").asInt())
        .key(prefix + "attention.head_count", config.get("num_attention_heads").asInt())
        .key(prefix + "attention.head_count_kv", config.get("num_key_value_heads").asInt())
        .key(prefix + "attention.key_length", headDim(config))
        .key(prefix + "attention.value_length", headDim(config))
        .key(
            prefix + "attention.layer_norm_rms_epsilon",
            (float) config.get("rms_norm_eps").asDouble())
        .key(prefix + "rope.freq_base", (float) rope.path("rope_theta").asDouble(10_000));
  }

  private static void tokenizer(GgufBuilder gguf, JsonNode tokenizer, JsonNode config) {
    int size = config.get("vocab_size").asInt();
    List<String> tokens = new ArrayList<>();
    List<Integer> types = new ArrayList<>();
    for (int id = 0; id < size; id++) {
      tokens.add("[PAD%d]".formatted(id));
      types.add(5);
    }
    JsonNode model = tokenizer.get("model");
    model
        .get("vocab")
        .properties()
        .forEach(
            token -> {
              tokens.set(token.getValue().asInt(), token.getKey());
              types.set(token.getValue().asInt(), 1);
            });
    for (JsonNode added : tokenizer.get("added_tokens")) {
      types.set(added.get("id").asInt(), 3);
    }
    List<String> merges = new ArrayList<>();
    for (JsonNode merge : model.get("merges")) {
      merges.add(
          merge.isString()
              ? merge.stringValue()
              : merge.get(0).asString() + " " + merge.get(1).asString());
    }
    gguf.key("tokenizer.ggml.model", "gpt2")
        .key("tokenizer.ggml.pre", "gpt-2")
        .key("tokenizer.ggml.tokens", tokens)
        .key("tokenizer.ggml.token_type", types)
        .key("tokenizer.ggml.merges", merges)
        .key("tokenizer.ggml.bos_token_id", config.get("bos_token_id").asInt())
        .key("tokenizer.ggml.eos_token_id", config.get("eos_token_id").asInt())
        .key("tokenizer.ggml.add_bos_token", false);
  }

  private static String storedName(String name) {
    int end = name.lastIndexOf('.');
    String[] layer = name.substring(0, end).split("\\.", 4);
    return layer.length == 4
        ? "blk.%s.%s%s".formatted(layer[2], NAMES.get(layer[3]), name.substring(end))
        : NAMES.get(name.substring(0, end)) + name.substring(end);
  }

  /** Row j of half p of a head becomes row 2j + p of the head. */
  private static byte[] permute(byte[] data, int rows, int headDim) {
    byte[] permuted = new byte[data.length];
    int bytes = data.length / rows;
    for (int row = 0; row < rows; row++) {
      int inHead = row % headDim;
      int half = inHead / (headDim / 2);
      int to = row - inHead + 2 * (inHead % (headDim / 2)) + half;
      System.arraycopy(data, row * bytes, permuted, to * bytes, bytes);
    }
    return permuted;
  }
}
