package dev.freshet.model;

import dev.freshet.trace.Quoted;
import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.DType;
import dev.freshet.weights.TensorView;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The tensors of a mapped adapter in PEFT's format, all of which belong to linear layers of a
 * model, with their shapes and types checked.
 *
 * @param sizes the adapter's size in each layer
 * @param checkpoint the adapter's directory, which must stay open while the factors are read
 * @param factors by the name of the linear layer, such as {@code model.layers.0.self_attn.q_proj}
 */
public record LoraParameters(LoraSizes sizes, Checkpoint checkpoint, Map<String, Factors> factors) {
  /** The matrices of one layer. */
  public record Factors(TensorView a, TensorView b) {}

  private static final String PREFIX = "base_model.model.";
  private static final String A = ".lora_A.weight";
  private static final String B = ".lora_B.weight";

  /** The layer of the logits, also of a model whose head is its embedding. */
  static final String HEAD = "lm_head";

  /** What PEFT saves beside an adapter of the head by default: the base model's own weights. */
  private static final String BASE_HEAD = PREFIX + HEAD + ".base_layer.weight";

  public LoraParameters {
    factors = Collections.unmodifiableMap(new LinkedHashMap<>(factors));
  }

  /**
   * Finds the layers of {@code model} that an adapter adapts. Reads no tensor.
   *
   * @throws ModelException if a setting or a tensor of the adapter is not supported, or does not
   *     fit the model
   */
  public static LoraParameters of(ModelConfig model, Checkpoint checkpoint) {
    LoraSizes sizes = LoraJson.read(checkpoint.dir());
    Map<String, TensorView> found = new TreeMap<>(checkpoint.tensors());
    requireHeadOf(model, checkpoint, Optional.ofNullable(found.remove(BASE_HEAD)));
    Map<String, Factors> factors = new LinkedHashMap<>();
    linearShapes(model)
        .forEach(
            (layer, shape) -> {
              Optional<TensorView> a = Optional.ofNullable(found.remove(nameOfA(layer)));
              Optional<TensorView> b = Optional.ofNullable(found.remove(nameOfB(layer)));
              if (a.isPresent() || b.isPresent()) {
                int rank = sizes.of(layer).rank();
                factors.put(
                    layer,
                    new Factors(
                        checked(checkpoint, nameOfA(layer), a, rank, shape[1]),
                        checked(checkpoint, nameOfB(layer), b, shape[0], rank)));
              }
            });
    if (!found.isEmpty()) {
      throw notSupported(model, checkpoint, found.keySet().iterator().next());
    }
    if (factors.isEmpty()) {
      throw new ModelException("%s: the adapter has no tensor".formatted(checkpoint.dir()));
    }
    if (factors.containsKey(HEAD)
        && model.tiedEmbeddings()
        && LoraJson.ensuresTying(checkpoint.dir())) {
      throw new ModelException(
          "%s: ensure_weight_tying with an adapter of %s is not supported: the model ties it to its embedding, which is not adapted; expected it to be absent or false"
              .formatted(checkpoint.dir(), HEAD));
    }
    return new LoraParameters(sizes, checkpoint, factors);
  }

  /** Checks that the weights that the adapter was trained beside have the shape of the model's. */
  private static void requireHeadOf(
      ModelConfig model, Checkpoint checkpoint, Optional<TensorView> head) {
    long[] shape = {model.vocabSize(), model.hiddenSize()};
    if (head.isPresent() && !Arrays.equals(head.get().shape(), shape)) {
      throw new ModelException(
          "%s: tensor %s has shape %s: expected %s, as the head of the base model; the adapter was trained with another vocabulary"
              .formatted(
                  checkpoint.dir(),
                  BASE_HEAD,
                  Arrays.toString(head.get().shape()),
                  Arrays.toString(shape)));
    }
  }

  /** The highest rank of a layer. */
  public int rank() {
    return factors.keySet().stream().mapToInt(layer -> sizes.of(layer).rank()).max().orElse(0);
  }

  private static ModelException notSupported(
      ModelConfig model, Checkpoint checkpoint, String name) {
    String expected =
        name.endsWith(".base_layer.weight")
            ? "no weights of the base model; save the adapter with save_embedding_layers=False"
            : "%s…%s and %s of the linear layers of a %s with %d layers"
                .formatted(PREFIX, A, B, model.family().wireName(), model.layers());
    return new ModelException(
        "%s: tensor %s is not supported: expected %s"
            .formatted(checkpoint.dir(), Quoted.of(name), expected));
  }

  private static TensorView checked(
      Checkpoint checkpoint, String name, Optional<TensorView> found, long... shape) {
    if (found.filter(view -> Arrays.equals(view.shape(), shape)).isEmpty()) {
      throw new ModelException(
          "%s: tensor %s %s: expected shape %s"
              .formatted(
                  checkpoint.dir(),
                  name,
                  found
                      .map(view -> "has shape " + Arrays.toString(view.shape()))
                      .orElse("is missing"),
                  Arrays.toString(shape)));
    }
    TensorView view = found.get();
    if (!List.of(DType.F32, DType.BF16, DType.F16).contains(view.dtype())) {
      throw new ModelException(
          "%s: tensor %s has type %s: expected F32, BF16 or F16"
              .formatted(checkpoint.dir(), name, view.dtype()));
    }
    return view;
  }

  /** The name of the tensor A of a linear layer in PEFT's file. */
  static String nameOfA(String layer) {
    return PREFIX + layer + A;
  }

  /** The name of the tensor B of a linear layer in PEFT's file. */
  static String nameOfB(String layer) {
    return PREFIX + layer + B;
  }

  /**
   * The shapes {@code [out, in]} of the linear layers of a model by name; the head is one of them,
   * whether its weights are its own or the embedding's.
   */
  static Map<String, long[]> linearShapes(ModelConfig model) {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    model
        .parameterShapes()
        .forEach(
            (name, shape) -> {
              if (model.isLinear(name)) {
                shapes.put(name.substring(0, name.length() - ".weight".length()), shape);
              }
            });
    shapes.put(HEAD, new long[] {model.vocabSize(), model.hiddenSize()});
    return shapes;
  }

  /** All tensors. */
  public List<TensorView> views() {
    return factors.values().stream().flatMap(each -> Stream.of(each.a(), each.b())).toList();
  }
}
