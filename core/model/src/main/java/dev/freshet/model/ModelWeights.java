package dev.freshet.model;

import dev.freshet.weights.FloatTensor;
import dev.freshet.weights.TensorSource;
import dev.freshet.weights.TensorView;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The parameters of one decoder by their Hugging Face names, either in a mapped checkpoint, which
 * is not copied, or in their own memory; with a {@link LoraAdapter} beside them, if there is one.
 *
 * <p>Any thread may read them. {@link #close} frees the tensors; the caller closes after the last
 * read.
 */
public final class ModelWeights implements AutoCloseable {
  private static final String EMBEDDING = "model.embed_tokens.weight";
  private static final String HEAD = LoraParameters.HEAD + ".weight";

  private final ModelConfig config;
  private final Map<String, Tensor> tensors;
  private final Optional<LoraAdapter> adapter;

  private ModelWeights(ModelConfig config, Map<String, Tensor> tensors) {
    this(config, tensors, Optional.empty());
  }

  private ModelWeights(
      ModelConfig config, Map<String, Tensor> tensors, Optional<LoraAdapter> adapter) {
    this.config = config;
    this.tensors = tensors;
    this.adapter = adapter;
  }

  /**
   * The same parameters with an adapter beside them, of the same type. Owns both from then on:
   * closing it closes them.
   */
  public static ModelWeights adapted(ModelWeights base, LoraAdapter adapter) {
    return new ModelWeights(base.config, base.tensors, Optional.of(adapter));
  }

  /**
   * Tensors over the parameters of a mapped checkpoint, without copying, in the stored type. The
   * checkpoint must stay open for as long as they are read.
   */
  public static ModelWeights over(Parameters parameters) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    try (PointerScope _ = new PointerScope()) {
      parameters
          .views()
          .forEach(
              (name, view) ->
                  tensors.put(
                      name, Torch.over(view.data(), Torch.scalarType(view.dtype()), view.shape())));
      tensors.values().forEach(Tensor::retainReference);
    }
    return new ModelWeights(parameters.config(), tensors);
  }

  /**
   * A copy of the parameters of a checkpoint, converted to {@code type}. Does not close the
   * checkpoint.
   */
  public static ModelWeights copyOf(Parameters parameters, ScalarType type) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      parameters
          .views()
          .forEach(
              (name, view) -> {
                Tensor mapped =
                    Torch.over(view.data(), Torch.scalarType(view.dtype()), view.shape());
                Tensor own = torch.empty(view.shape(), Torch.options(type), null);
                own.copy_(mapped);
                tensors.put(name, own);
              });
      tensors.values().forEach(Tensor::retainReference);
    }
    return new ModelWeights(parameters.config(), tensors);
  }

  /**
   * Random 32-bit weights: normal with standard deviation 0.05, divided by √(2 · layers) for
   * projections into the residual stream; norms multiply by 1, biases are 0.
   */
  public static ModelWeights random(ModelConfig config, long seed) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      torch.manual_seed(seed);
      config
          .parameterShapes()
          .forEach(
              (name, shape) -> {
                Tensor tensor = torch.empty(shape, Torch.options(ScalarType.Float), null);
                if (name.endsWith("norm.weight")) {
                  tensor.fill_(new Scalar(config.family().offsetNorms() ? 0.0f : 1.0f));
                } else if (name.endsWith(".bias")) {
                  tensor.zero_();
                } else {
                  tensor.normal_(0, deviation(config, name), null);
                }
                tensors.put(name, tensor);
              });
      tensors.values().forEach(Tensor::retainReference);
    }
    return new ModelWeights(config, tensors);
  }

  private static double deviation(ModelConfig config, String name) {
    boolean intoResidual = name.endsWith("o_proj.weight") || name.endsWith("down_proj.weight");
    return intoResidual ? 0.05 / Math.sqrt(2.0 * config.layers()) : 0.05;
  }

  /** Makes linear layers with the adapter, if there is one, computed beside them. */
  Linear.Maker beside(Linear.Maker linears) {
    return adapter.map(own -> own.beside(linears)).orElse(linears);
  }

  /** The adapter beside the parameters. */
  public Optional<LoraAdapter> adapter() {
    return adapter;
  }

  /** What training changes: the adapter's matrices if there is one, otherwise all parameters. */
  public Map<String, Tensor> trained() {
    return adapter.map(LoraAdapter::tensors).orElse(tensors);
  }

  /** Frees the weights of linear layers, which a decoder has packed. */
  public void releaseLinear() {
    tensors
        .entrySet()
        .removeIf(
            parameter -> {
              boolean linear = config.isLinear(parameter.getKey());
              if (linear) {
                parameter.getValue().close();
              }
              return linear;
            });
  }

  /**
   * The same parameters as tensors that share the memory of these and have gradients of their own.
   * Close them before these.
   */
  public ModelWeights sharing() {
    Map<String, Tensor> shared = new LinkedHashMap<>();
    try (PointerScope _ = new PointerScope()) {
      tensors.forEach((name, tensor) -> shared.put(name, tensor.detach()));
      shared.values().forEach(Tensor::retainReference);
    }
    return new ModelWeights(config, shared, adapter.map(LoraAdapter::sharing));
  }

  /** The shape of the model. */
  public ModelConfig config() {
    return config;
  }

  /** The parameter with this Hugging Face name. */
  public Tensor get(String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new ModelException("tensor %s is not a parameter of this model".formatted(name));
    }
    return tensor;
  }

  /**
   * The matrix that makes logits, {@code [vocabSize, hiddenSize]}, without an adapter beside it;
   * the embedding if tied.
   */
  public Tensor head() {
    return get(config.tiedEmbeddings() ? EMBEDDING : HEAD);
  }

  /** The matrices of an adapter beside the head, if there are any. */
  public Optional<LoraAdapter.Factors> headAdapter() {
    return adapter.flatMap(LoraAdapter::head);
  }

  /** All parameters, in the order the model reads them. */
  public Map<String, Tensor> tensors() {
    return tensors;
  }

  /** The type in which the model computes, which is that of its embeddings. */
  public ScalarType type() {
    return get(EMBEDDING).scalar_type().intern();
  }

  /**
   * The parameters as views for writing a checkpoint; valid while this object is open and
   * unchanged.
   */
  public List<TensorView> views() {
    List<TensorView> views = new ArrayList<>();
    config.parameterShapes().forEach((name, _) -> views.add(Torch.view(name, get(name))));
    return views;
  }

  /**
   * The parameters for writing a checkpoint, with the adapter, if there is one, added to them as it
   * is now; valid while this object is open and the parameters are unchanged. An adapter of a head
   * that is tied to the embedding has no place in such a checkpoint.
   */
  public List<TensorSource> merged() {
    if (config.tiedEmbeddings() && headAdapter().isPresent()) {
      throw new ModelException(
          "cannot add an adapter of lm_head to a checkpoint whose embeddings are tied");
    }
    List<TensorSource> merged = new ArrayList<>();
    for (TensorView view : views()) {
      merged.add(
          adapter
              .flatMap(own -> own.addition(view.name()))
              .<TensorSource>map(added -> FloatTensor.of(view, view.dtype()).plus(added))
              .orElse(view));
    }
    return merged;
  }

  @Override
  public void close() {
    adapter.ifPresent(LoraAdapter::close);
    tensors.values().forEach(Tensor::close);
  }
}
