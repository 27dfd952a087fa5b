package dev.freshet.model;

import dev.freshet.weights.DType;
import dev.freshet.weights.FloatTensor;
import dev.freshet.weights.TensorSource;
import dev.freshet.weights.gguf.GgmlType;
import dev.freshet.weights.gguf.GgufFile;
import dev.freshet.weights.gguf.GgufTensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The parameters of a model in a GGUF file under their Hugging Face names, all of them, with their
 * shapes checked. For {@code llama}, llama.cpp stores the rows of the projections to query and key
 * so that the two numbers that a rotation mixes are neighbours; here they are in the order of
 * Hugging Face, a half of the head apart.
 *
 * @param unused the names of other tensors
 */
record GgufParameters(List<TensorSource> tensors, List<String> unused) {
  private static final Map<String, String> OUTSIDE =
      Map.of(
          "model.embed_tokens.weight", GgufConfig.EMBEDDING,
          "model.norm.weight", "output_norm.weight",
          "lm_head.weight", GgufConfig.HEAD);

  private static final Map<String, String> OF_LAYER =
      Map.ofEntries(
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

  /**
   * Finds the parameters. Reads no tensor.
   *
   * @param dtype the type in which they are written
   * @throws ModelException if a parameter is missing or has another shape
   */
  static GgufParameters of(GgufFile gguf, ModelConfig config, DType dtype) {
    List<TensorSource> tensors = new ArrayList<>();
    Set<String> used = new HashSet<>(Set.of(GgufConfig.ROPE_FACTORS));
    config
        .parameterShapes()
        .forEach(
            (name, shape) -> {
              GgufTensor stored = stored(gguf, storedName(name), shape);
              used.add(stored.name());
              tensors.add(source(config, name, stored, dtype));
            });
    List<String> unused =
        gguf.tensors().keySet().stream().filter(name -> !used.contains(name)).toList();
    return new GgufParameters(tensors, unused);
  }

  /** The type that holds the weights exactly, or that their quantization approximates. */
  static DType naturalType(GgufFile gguf) {
    Set<GgmlType> matrices =
        gguf.tensors().values().stream()
            .filter(tensor -> tensor.shape().length > 1)
            .map(GgufTensor::type)
            .collect(Collectors.toSet());
    if (matrices.equals(Set.of(GgmlType.F16))) {
      return DType.F16;
    }
    return matrices.equals(Set.of(GgmlType.BF16)) ? DType.BF16 : DType.F32;
  }

  /** {@code model.layers.3.self_attn.q_proj.weight} is {@code blk.3.attn_q.weight}. */
  private static String storedName(String name) {
    String outside = OUTSIDE.get(name);
    if (outside != null) {
      return outside;
    }
    String[] parts = name.split("\\.", 4); // model, layers, N, the rest
    int end = parts[3].lastIndexOf('.');
    String stored = OF_LAYER.get(parts[3].substring(0, end));
    if (stored == null) {
      throw new ModelException("parameter %s has no name in a GGUF file".formatted(name));
    }
    return "blk.%s.%s%s".formatted(parts[2], stored, parts[3].substring(end));
  }

  private static GgufTensor stored(GgufFile gguf, String name, long[] shape) {
    GgufTensor tensor = gguf.tensors().get(name);
    if (tensor == null || !Arrays.equals(tensor.shape(), shape)) {
      throw new ModelException(
          "%s: tensor %s: expected shape %s"
              .formatted(
                  gguf.file(),
                  tensor == null ? name + " is missing" : tensor,
                  Arrays.toString(shape)));
    }
    return tensor;
  }

  private static TensorSource source(
      ModelConfig config, String name, GgufTensor stored, DType dtype) {
    long[] shape = stored.shape();
    boolean query = name.contains(".q_proj.");
    if (config.family() != ModelFamily.LLAMA || !(query || name.contains(".k_proj."))) {
      int width = Math.toIntExact(shape[shape.length - 1]);
      return new FloatTensor(
          name, dtype, shape, width, (row, into) -> stored.read(row * width, into));
    }
    int width = shape.length == 1 ? 1 : Math.toIntExact(shape[1]);
    int headDim = config.headDim();
    return new FloatTensor(
        name,
        dtype,
        shape,
        width,
        (row, into) -> stored.read(storedRow(row, headDim) * width, into));
  }

  /** Where llama.cpp stores a row: row i of a half of a head is row 2i or 2i + 1 of the head. */
  private static long storedRow(long row, int headDim) {
    long head = row / headDim;
    long half = row % headDim / (headDim / 2);
    return head * headDim + 2 * (row % (headDim / 2)) + half;
  }
}
