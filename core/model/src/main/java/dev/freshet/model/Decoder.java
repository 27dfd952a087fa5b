package dev.freshet.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The decoder over one set of weights: token ids in, hidden states and logits out. The engine and
 * the trainer run this one definition with different {@link Attention}s and {@link Linear} layers.
 * If the weights have an adapter, it is computed beside the linear layers.
 *
 * <p>The decoder has no state but the weights: any thread may call it, within its own {@code
 * PointerScope}, which must be open. Closing a decoder frees its linear layers, not the weights.
 */
public final class Decoder implements AutoCloseable {
  private final ModelConfig config;
  private final ModelWeights weights;
  private final Pointwise pointwise;
  private final List<Layer> layers;
  private final Norm finalNorm;
  private final Linear head;

  /**
   * One block.
   *
   * @param queryKeyValue three outputs, or one that holds them one after the other
   * @param gateUp two outputs, or one that holds them one after the other
   */
  private record Layer(
      Norm inputNorm,
      Linear queryKeyValue,
      Optional<Norm> queryNorm,
      Optional<Norm> keyNorm,
      Linear output,
      Optional<Norm> outputNorm,
      Norm mlpNorm,
      Linear gateUp,
      Linear down,
      Optional<Norm> downNorm) {
    void close() {
      queryKeyValue.close();
      output.close();
      gateUp.close();
      down.close();
    }
  }

  /** A decoder that reads the weights where they lie. */
  public Decoder(ModelWeights weights) {
    this(weights, PlainLinear::new, PlainLinear::new, Pointwise.torch());
  }

  /**
   * A decoder with linear layers of a kind, and a way of computing what is between them.
   *
   * @param weights must stay open as long as this decoder is used
   * @param heads makes the layer of the logits
   */
  public Decoder(
      ModelWeights weights, Linear.Maker linears, Linear.Maker heads, Pointwise pointwise) {
    this.config = weights.config();
    this.pointwise = pointwise;
    this.weights = weights;
    this.layers = new ArrayList<>();
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      Linear.Maker adapted = weights.beside(linears);
      for (int layer = 0; layer < config.layers(); layer++) {
        layers.add(layer("model.layers." + layer + ".", adapted));
      }
      this.finalNorm = norm("model.norm");
      Affine logits = new Affine("lm_head", weights.head(), Optional.empty());
      this.head = weights.beside(heads).make(List.of(logits));
    }
  }

  private Layer layer(String prefix, Linear.Maker linears) {
    ModelFamily family = config.family();
    String attention = prefix + "self_attn.";
    String mlp = prefix + "mlp.";
    return new Layer(
        norm(prefix + "input_layernorm"),
        family.fusedProjections()
            ? linears.make(List.of(affine(attention + "qkv_proj")))
            : linears.make(
                List.of(
                    affine(attention + "q_proj"),
                    affine(attention + "k_proj"),
                    affine(attention + "v_proj"))),
        norm(attention + "q_norm", family.queryKeyNorm()),
        norm(attention + "k_norm", family.queryKeyNorm()),
        linears.make(List.of(affine(attention + "o_proj"))),
        norm(prefix + "post_attention_layernorm", family.outputNorms()),
        norm(
            prefix
                + (family.outputNorms()
                    ? "pre_feedforward_layernorm"
                    : "post_attention_layernorm")),
        family.fusedProjections()
            ? linears.make(List.of(affine(mlp + "gate_up_proj")))
            : linears.make(List.of(affine(mlp + "gate_proj"), affine(mlp + "up_proj"))),
        linears.make(List.of(affine(mlp + "down_proj"))),
        norm(prefix + "post_feedforward_layernorm", family.outputNorms()));
  }

  private Norm norm(String name) {
    return new Norm(
        weights.get(name + ".weight"), config.family().offsetNorms(), config.rmsNormEps());
  }

  private Optional<Norm> norm(String name, boolean present) {
    return present ? Optional.of(norm(name)) : Optional.empty();
  }

  private Affine affine(String name) {
    return new Affine(
        name,
        weights.get(name + ".weight"),
        Optional.ofNullable(weights.tensors().get(name + ".bias")));
  }

  /** The shape of the model. */
  public ModelConfig config() {
    return config;
  }

  /**
   * The normalised hidden states of the last layer.
   *
   * @param tokens token ids, {@code [batch, time]}
   * @param attention knows the tokens' positions
   * @return {@code [batch, time, hiddenSize]}
   */
  public Tensor hidden(Tensor tokens, Attention attention) {
    return throughLayers(embedded(tokens), attention);
  }

  /** As {@link #hidden}, of the hidden states before the first layer. */
  public Tensor throughLayers(Tensor embedded, Attention attention) {
    Tensor hidden = embedded;
    PointerScope scope = Objects.requireNonNull(PointerScope.getInnerScope(), "no open scope");
    for (int i = 0; i < layers.size(); i++) {
      // A scope a layer: the intermediate tensors of one layer are freed before the next.
      try (PointerScope _ = new PointerScope()) {
        hidden = layer(i, hidden, attention);
        scope.attach(hidden);
      }
    }
    return normalized(hidden);
  }

  /** The hidden states before the first layer, {@code [batch, time, hiddenSize]}. */
  public Tensor embedded(Tensor tokens) {
    Tensor embedding = torch.embedding(weights.get("model.embed_tokens.weight"), tokens);
    if (!config.family().scaledEmbeddings()) {
      return embedding;
    }
    float[] scale = {(float) Math.sqrt(config.hiddenSize())};
    return embedding.mul(Torch.floats(scale, 1).to(embedding.scalar_type()));
  }

  /** The hidden states after the last layer, normalised, {@code [batch, time, hiddenSize]}. */
  public Tensor normalized(Tensor hidden) {
    return pointwise.norm(finalNorm, hidden);
  }

  /** The hidden states after one layer, {@code [batch, time, hiddenSize]}, from those before it. */
  public Tensor layer(int index, Tensor hidden, Attention attention) {
    Layer layer = layers.get(index);
    long queries = (long) config.heads() * config.headDim();
    long keys = (long) config.kvHeads() * config.headDim();
    List<Tensor> projected =
        parts(
            layer.queryKeyValue().apply(pointwise.norm(layer.inputNorm(), hidden)),
            queries,
            keys,
            keys);
    Tensor query = normed(heads(projected.get(0)), layer.queryNorm());
    Tensor key = normed(heads(projected.get(1)), layer.keyNorm());
    Tensor value = heads(projected.get(2));
    Tensor attended = attention.attend(index, query, key, value).flatten(-2, -1);
    Tensor mixed = hidden.add(normed(layer.output().applyOne(attended), layer.outputNorm()));
    int width = config.intermediateSize();
    List<Tensor> gateUp =
        parts(layer.gateUp().apply(pointwise.norm(layer.mlpNorm(), mixed)), width, width);
    Tensor down =
        layer
            .down()
            .applyOne(pointwise.gated(config.family().activation(), gateUp.get(0), gateUp.get(1)));
    return mixed.add(normed(down, layer.downNorm()));
  }

  /** The outputs of several linear layers, also of those that one layer computes together. */
  private static List<Tensor> parts(List<Tensor> outputs, long... widths) {
    if (outputs.size() == widths.length) {
      return outputs;
    }
    List<Tensor> parts = new ArrayList<>(widths.length);
    long from = 0;
    for (long width : widths) {
      parts.add(outputs.getFirst().narrow(-1, from, width));
      from += width;
    }
    return parts;
  }

  /**
   * The logits of every token of the vocabulary.
   *
   * @param hidden {@code […, hiddenSize]}
   * @return {@code […, vocabSize]} in 32-bit floats
   */
  public Tensor logits(Tensor hidden) {
    return headOutput(hidden).to(torch.ScalarType.Float);
  }

  /** As {@link #logits}, in the type in which the head computes. */
  public Tensor headOutput(Tensor hidden) {
    return head.applyOne(hidden);
  }

  private Tensor heads(Tensor projected) {
    long headDim = config.headDim();
    return projected.unflatten(-1, new long[] {projected.size(-1) / headDim, headDim});
  }

  private Tensor normed(Tensor input, Optional<Norm> norm) {
    return norm.isPresent() ? pointwise.norm(norm.get(), input) : input;
  }

  @Override
  public void close() {
    layers.forEach(Layer::close);
    head.close();
  }
}
