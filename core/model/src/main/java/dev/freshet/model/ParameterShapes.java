package dev.freshet.model;

import java.util.LinkedHashMap;
import java.util.Map;

/** The shapes of a decoder's parameters by Hugging Face name, in the order the model reads them. */
final class ParameterShapes {
  private final ModelConfig config;
  private final long hidden;
  private final Map<String, long[]> shapes = new LinkedHashMap<>();

  private ParameterShapes(ModelConfig config) {
    this.config = config;
    this.hidden = config.hiddenSize();
  }

  static Map<String, long[]> of(ModelConfig config) {
    ParameterShapes found = new ParameterShapes(config);
    found.shapes.put("model.embed_tokens.weight", new long[] {config.vocabSize(), found.hidden});
    for (int layer = 0; layer < config.layers(); layer++) {
      found.layer("model.layers." + layer + ".");
    }
    found.norm("model.norm", found.hidden);
    if (!config.tiedEmbeddings()) {
      found.shapes.put("lm_head.weight", new long[] {config.vocabSize(), found.hidden});
    }
    return found.shapes;
  }

  private void layer(String prefix) {
    norm(prefix + "input_layernorm", hidden);
    attention(prefix + "self_attn.");
    norm(prefix + "post_attention_layernorm", hidden);
    if (config.family().outputNorms()) {
      norm(prefix + "pre_feedforward_layernorm", hidden);
      norm(prefix + "post_feedforward_layernorm", hidden);
    }
    mlp(prefix + "mlp.");
  }

  private void attention(String prefix) {
    long queries = (long) config.heads() * config.headDim();
    long keys = (long) config.kvHeads() * config.headDim();
    boolean bias = config.queryKeyValueBias();
    if (config.family().fusedProjections()) {
      projection(prefix + "qkv_proj", queries + 2 * keys, hidden, bias);
    } else {
      projection(prefix + "q_proj", queries, hidden, bias);
      projection(prefix + "k_proj", keys, hidden, bias);
      projection(prefix + "v_proj", keys, hidden, bias);
    }
    if (config.family().queryKeyNorm()) {
      norm(prefix + "q_norm", config.headDim());
      norm(prefix + "k_norm", config.headDim());
    }
    projection(prefix + "o_proj", hidden, queries, config.outputBias());
  }

  private void mlp(String prefix) {
    long width = config.intermediateSize();
    boolean bias = config.mlpBias();
    if (config.family().fusedProjections()) {
      projection(prefix + "gate_up_proj", 2 * width, hidden, bias);
    } else {
      projection(prefix + "gate_proj", width, hidden, bias);
      projection(prefix + "up_proj", width, hidden, bias);
    }
    projection(prefix + "down_proj", hidden, width, bias);
  }

  private void norm(String name, long width) {
    shapes.put(name + ".weight", new long[] {width});
  }

  private void projection(String name, long out, long in, boolean bias) {
    shapes.put(name + ".weight", new long[] {out, in});
    if (bias) {
      shapes.put(name + ".bias", new long[] {out});
    }
  }
}
