package dev.freshet.model;

import dev.freshet.trace.Quoted;
import dev.freshet.weights.FloatTensor;
import dev.freshet.weights.TensorView;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A low-rank adapter (LoRA) for some linear layers of a decoder, in its own memory. It is computed
 * beside the layers ({@link #beside}), or added to the weights of a checkpoint that is written
 * ({@link #addition}). The owner closes it.
 */
public final class LoraAdapter implements AutoCloseable {
  /** In a list of targets: every linear layer but the head. */
  public static final String ALL_LINEAR = "all-linear";

  /** In a list of targets: the layer of the logits, which may be tied to the embedding. */
  public static final String HEAD = LoraParameters.HEAD;

  /**
   * The matrices of one layer.
   *
   * @param a {@code [rank, in]}
   * @param b {@code [out, rank]}
   * @param scale the factor on b · a
   */
  public record Factors(Tensor a, Tensor b, double scale) {}

  private final LoraSizes sizes;
  private final Map<String, Factors> layers;

  private LoraAdapter(LoraSizes sizes, Map<String, Factors> layers) {
    this.sizes = sizes;
    this.layers = layers;
  }

  /** A copy of a mapped adapter, converted to {@code type}. Does not close its checkpoint. */
  public static LoraAdapter copyOf(LoraParameters parameters, ScalarType type) {
    Map<String, Factors> layers = new LinkedHashMap<>();
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      parameters
          .factors()
          .forEach(
              (layer, stored) ->
                  layers.put(
                      layer,
                      new Factors(
                          copy(stored.a(), type),
                          copy(stored.b(), type),
                          parameters.sizes().of(layer).scale())));
      return retained(parameters.sizes(), layers);
    }
  }

  private static Tensor copy(TensorView view, ScalarType type) {
    Tensor own = torch.empty(view.shape(), Torch.options(type), null);
    own.copy_(Torch.over(view.data(), Torch.scalarType(view.dtype()), view.shape()));
    return own;
  }

  /**
   * A new adapter in 32-bit floats, which changes nothing yet: B is 0, and A is uniform within
   * ±1/√in, as in PEFT.
   *
   * @param targets the last part of the names of the layers to adapt, such as {@code q_proj}, or
   *     {@link #ALL_LINEAR}, which has all but the head, {@code lm_head}
   * @throws ModelException if the model has no such layer
   */
  public static LoraAdapter initial(
      ModelConfig model, LoraConfig config, List<String> targets, long seed) {
    Map<String, long[]> shapes = LoraParameters.linearShapes(model);
    for (String target : targets) {
      if (shapes.keySet().stream().noneMatch(layer -> isTarget(layer, target))) {
        throw new ModelException(
            "target %s is not a layer that can be adapted: expected %s or some of %s"
                .formatted(Quoted.of(target), ALL_LINEAR, names(shapes.keySet())));
      }
    }
    Map<String, Factors> layers = new LinkedHashMap<>();
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      torch.manual_seed(seed);
      shapes.forEach(
          (layer, shape) -> {
            if (targets.stream().anyMatch(target -> isTarget(layer, target))) {
              layers.put(layer, initial(config, shape[0], shape[1]));
            }
          });
      return retained(new LoraSizes(config), layers);
    }
  }

  private static boolean isTarget(String layer, String target) {
    return target.equals(ALL_LINEAR)
        ? !layer.equals(HEAD)
        : layer.equals(target) || layer.endsWith("." + target);
  }

  private static Factors initial(LoraConfig config, long out, long in) {
    double bound = 1 / Math.sqrt((double) in);
    int rank = config.rank();
    Tensor a = torch.empty(new long[] {rank, in}, Torch.options(ScalarType.Float), null);
    a.uniform_(-bound, bound, null);
    Tensor b = torch.zeros(new long[] {out, rank}, Torch.options(ScalarType.Float));
    return new Factors(a, b, config.scale());
  }

  private static LoraAdapter retained(LoraSizes sizes, Map<String, Factors> layers) {
    LoraAdapter adapter = new LoraAdapter(sizes, layers);
    adapter.tensors().values().forEach(Tensor::retainReference);
    return adapter;
  }

  /** The same matrices as tensors that share the memory of these and have their own gradients. */
  LoraAdapter sharing() {
    Map<String, Factors> shared = new LinkedHashMap<>();
    try (PointerScope _ = new PointerScope()) {
      layers.forEach(
          (layer, own) ->
              shared.put(layer, new Factors(own.a().detach(), own.b().detach(), own.scale())));
      return retained(sizes, shared);
    }
  }

  /** The matrices of the head, if it is adapted. */
  Optional<Factors> head() {
    return Optional.ofNullable(layers.get(HEAD));
  }

  /** All matrices by their names in PEFT's file. */
  public Map<String, Tensor> tensors() {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    layers.forEach(
        (layer, own) -> {
          tensors.put(LoraParameters.nameOfA(layer), own.a());
          tensors.put(LoraParameters.nameOfB(layer), own.b());
        });
    return tensors;
  }

  /** The content of PEFT's {@code adapter_model.safetensors}; valid while this is open. */
  public List<TensorView> views() {
    return tensors().entrySet().stream()
        .map(named -> Torch.view(named.getKey(), named.getValue()))
        .toList();
  }

  /**
   * The files of PEFT beside the tensors, by name.
   *
   * @param base the directory or name of the base model
   */
  public Map<String, byte[]> files(String base) {
    return Map.of(LoraJson.FILE_NAME, LoraJson.write(sizes, names(layers.keySet()), base));
  }

  /** The last parts of the names of layers, each once. */
  private static SortedSet<String> names(Iterable<String> layers) {
    SortedSet<String> names = new TreeSet<>();
    layers.forEach(layer -> names.add(layer.substring(layer.lastIndexOf('.') + 1)));
    return names;
  }

  /** Makes linear layers with this adapter computed beside them. */
  Linear.Maker beside(Linear.Maker linears) {
    return affine -> {
      List<Optional<Factors>> factors =
          affine.stream().map(layer -> Optional.ofNullable(layers.get(layer.name()))).toList();
      Linear linear = linears.make(affine);
      return factors.stream().allMatch(Optional::isEmpty)
          ? linear
          : new LoraLinear(linear, factors);
    };
  }

  /**
   * What this adapter adds to a parameter, row by row while a checkpoint is written, from a copy;
   * empty if it does not adapt it.
   *
   * @param name of the parameter
   */
  Optional<FloatTensor.Addition> addition(String name) {
    return factorsOf(name)
        .map(
            own -> {
              try (PointerScope _ = new PointerScope();
                  NoGradGuard _ = new NoGradGuard()) {
                return addition(
                    Torch.toFloats(own.a()),
                    Torch.toFloats(own.b().mul(new Scalar(own.scale()))),
                    Math.toIntExact(own.a().size(0)));
              }
            });
  }

  private static FloatTensor.Addition addition(float[] a, float[] scaledB, int rank) {
    return (row, into) -> {
      for (int k = 0; k < rank; k++) {
        float factor = scaledB[Math.toIntExact(row) * rank + k];
        int from = k * into.length;
        for (int i = 0; i < into.length; i++) {
          into[i] += factor * a[from + i];
        }
      }
    };
  }

  private Optional<Factors> factorsOf(String parameter) {
    return parameter.endsWith(".weight")
        ? Optional.ofNullable(
            layers.get(parameter.substring(0, parameter.length() - ".weight".length())))
        : Optional.empty();
  }

  @Override
  public void close() {
    tensors().values().forEach(Tensor::close);
  }
}
