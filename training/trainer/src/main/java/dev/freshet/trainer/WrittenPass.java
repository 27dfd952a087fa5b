package dev.freshet.trainer;

import dev.freshet.model.Affine;
import dev.freshet.model.Attention;
import dev.freshet.model.Decoder;
import dev.freshet.model.ModelConfig;
import dev.freshet.model.ModelWeights;
import dev.freshet.model.PlainLinear;
import dev.freshet.model.PointwiseGradients;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The pass whose backward pass is written out, the reverse of {@link Decoder#layer}: a layer takes
 * a fourth of the operations that libtorch records for it, and no cast. Trains all parameters.
 */
final class WrittenPass implements Pass {
  private final Tape tape = new Tape();
  private final ModelWeights weights;
  private final ScalarType type;
  private final boolean recomputes;

  /**
   * @param weights whose parameters have gradients
   * @param type of linear layers
   * @param recomputes whether the activations of a layer are computed once more in the backward
   *     pass instead of kept
   */
  WrittenPass(ModelWeights weights, ScalarType type, boolean recomputes) {
    this.weights = weights;
    this.type = type;
    this.recomputes = recomputes;
  }

  /** Whether a pass of this kind can train these weights: an adapter it cannot. */
  static boolean trains(ModelWeights weights) {
    return weights.adapter().isEmpty();
  }

  /**
   * The decoder that this pass runs.
   *
   * @param computed all parameters in the type of linear layers
   * @param gradient all gradients in 32-bit floats
   */
  Decoder decoder(ParameterBlock computed, ParameterBlock gradient) {
    return new Decoder(
        weights,
        layers -> new TapedLinear(tape, products(layers, computed, gradient)),
        PlainLinear::new,
        new TapedPointwise(tape, type));
  }

  /** One product if the weights of layers without bias lie side by side. */
  private List<TapedLinear.Product> products(
      List<Affine> layers, ParameterBlock computed, ParameterBlock gradient) {
    List<String> names = layers.stream().map(WrittenPass::weight).toList();
    Optional<Tensor> joined = computed.joined(weights, names);
    if (joined.isPresent() && layers.stream().allMatch(layer -> layer.bias().isEmpty())) {
      Tensor sum = gradient.joined(weights, names).orElseThrow();
      return List.of(new TapedLinear.Product(joined.get(), sum, Optional.empty()));
    }
    Map<String, Tensor> values = computed.views(weights);
    Map<String, Tensor> sums = gradient.views(weights);
    return layers.stream()
        .map(
            layer ->
                new TapedLinear.Product(
                    get(values, weight(layer)),
                    get(sums, weight(layer)),
                    layer
                        .bias()
                        .map(
                            _ ->
                                new TapedLinear.Product.Bias(
                                    get(values, layer.name() + ".bias"),
                                    get(sums, layer.name() + ".bias")))))
        .toList();
  }

  private static String weight(Affine layer) {
    return layer.name() + ".weight";
  }

  private static Tensor get(Map<String, Tensor> tensors, String name) {
    return Objects.requireNonNull(tensors.get(name));
  }

  @Override
  public void run(Decoder decoder, LanguageHead head, MicroBatch batch, TokenLoss loss) {
    Tensor tokens = batch.tokens().view(1, -1);
    Attention attention =
        new TapedAttention(tape, batch.attention(decoder), batch.tokens().size(0));
    List<Tensor> inputs = new ArrayList<>();
    Tensor hidden;
    try (NoGradGuard _ = new NoGradGuard()) {
      hidden = forward(decoder, tokens, attention, inputs);
    }
    Tensor predicting = batch.predicting(hidden);
    Tensor gradient = head.backward(predicting, batch.targets(), loss);
    try (NoGradGuard _ = new NoGradGuard()) {
      Tensor normalized = torch.zeros_like(hidden);
      normalized.view(-1, hidden.size(-1)).index_copy_(0, batch.predictors(), gradient);
      addToEmbedding(
          decoder.config(), tokens, backward(decoder, tape.back(normalized), attention, inputs));
    }
  }

  /** Adds the input of every layer to {@code inputs}. */
  private Tensor forward(Decoder decoder, Tensor tokens, Attention attention, List<Tensor> inputs) {
    PointerScope scope = Objects.requireNonNull(PointerScope.getInnerScope(), "no open scope");
    tape.begin();
    Tensor hidden = decoder.embedded(tokens);
    for (int layer = 0; layer < decoder.config().layers(); layer++) {
      inputs.add(hidden);
      try (PointerScope _ = new PointerScope()) {
        beginIfRecomputing();
        hidden = decoder.layer(layer, hidden, attention);
        scope.attach(hidden);
      }
    }
    beginIfRecomputing();
    return decoder.normalized(hidden);
  }

  /** The gradient of the embedded tokens, in place of that of the last layer's output. */
  private Tensor backward(
      Decoder decoder, Tensor residual, Attention attention, List<Tensor> inputs) {
    for (int layer = decoder.config().layers() - 1; layer >= 0; layer--) {
      try (PointerScope _ = new PointerScope()) {
        if (recomputes) {
          tape.begin();
          decoder.layer(layer, inputs.get(layer), attention);
        }
        layer(decoder.config(), residual);
      }
    }
    return residual;
  }

  /** Whatever was recorded is recorded once more when it is needed. */
  private void beginIfRecomputing() {
    if (recomputes) {
      tape.begin();
    }
  }

  /**
   * The gradient of a layer's input, in place of that of its output.
   *
   * @param residual {@code [1, time, hiddenSize]} in 32-bit floats
   */
  private void layer(ModelConfig config, Tensor residual) {
    Tensor down = output(config, residual.to(type));
    Tensor gated = tape.back(down);
    Tensor gateUp = tape.back(gated);
    residual.add_(tape.back(tape.back(gateUp)));
    Tensor attended = tape.back(output(config, residual.to(type)));
    Tensor queryKeyValue = tape.back(attended);
    if (config.family().queryKeyNorm()) {
      long queries = (long) config.heads() * config.headDim();
      long keys = (long) config.kvHeads() * config.headDim();
      normHeads(queryKeyValue.narrow(-1, queries, keys), config.headDim());
      normHeads(queryKeyValue.narrow(-1, 0, queries), config.headDim());
    }
    residual.add_(tape.back(tape.back(queryKeyValue)));
  }

  private Tensor output(ModelConfig config, Tensor gradient) {
    return config.family().outputNorms() ? tape.back(gradient) : gradient;
  }

  private void normHeads(Tensor gradient, int headDim) {
    Tensor heads = gradient.unflatten(-1, new long[] {gradient.size(-1) / headDim, headDim});
    heads.copy_(tape.back(heads));
  }

  private void addToEmbedding(ModelConfig config, Tensor tokens, Tensor gradient) {
    float scale = config.family().scaledEmbeddings() ? (float) Math.sqrt(config.hiddenSize()) : 1;
    PointwiseGradients.embeddingGradient(
        tokens, gradient, scale, weights.get("model.embed_tokens.weight").grad());
  }
}
