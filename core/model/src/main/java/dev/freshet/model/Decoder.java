package dev.freshet.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * The decoder over one set of weights: token ids in, hidden states and logits out. The engine and
 * the trainer run this one definition with different {@link Attention}s and {@link Linear} layers.
 *
 * <p>The decoder has no state but the weights: any thread may call it, within its own {@code
 * PointerScope}, which must be open. Closing a decoder frees its linear layers, not the weights.
 */
public final class Decoder implements AutoCloseable {
  private final ModelConfig config;
  private final ModelWeights weights;
  private final List<Layer> layers;
  private final Linear head;

  private record Layer(
      Tensor inputNorm,
      Linear queryKeyValue,
      TensorOptional queryNorm,
      TensorOptional keyNorm,
      Linear output,
      Tensor attentionNorm,
      Linear gateUp,
      Linear down) {
    void close() {
      queryKeyValue.close();
      queryNorm.close();
      keyNorm.close();
      output.close();
      gateUp.close();
      down.close();
    }
  }

  /** A decoder that reads the weights where they lie. */
  public Decoder(ModelWeights weights) {
    this(weights, PlainLinear::new);
  }

  /**
   * A decoder with linear layers of a kind.
   *
   * @param weights must stay open as long as this decoder is used
   */
  public Decoder(ModelWeights weights, Linear.Maker linears) {
    this.config = weights.config();
    this.weights = weights;
    this.layers = new ArrayList<>();
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      for (int layer = 0; layer < config.layers(); layer++) {
        layers.add(layer("model.layers." + layer + ".", linears));
      }
      layers.forEach(
          layer -> {
            layer.queryNorm().retainReference();
            layer.keyNorm().retainReference();
          });
      this.head = linears.make(List.of(new Affine(weights.head(), Optional.empty())));
    }
  }

  private Layer layer(String prefix, Linear.Maker linears) {
    return new Layer(
        weights.get(prefix + "input_layernorm.weight"),
        linears.make(
            List.of(
                affine(prefix + "self_attn.q_proj"),
                affine(prefix + "self_attn.k_proj"),
                affine(prefix + "self_attn.v_proj"))),
        optional(prefix + "self_attn.q_norm.weight"),
        optional(prefix + "self_attn.k_norm.weight"),
        linears.make(List.of(affine(prefix + "self_attn.o_proj"))),
        weights.get(prefix + "post_attention_layernorm.weight"),
        linears.make(List.of(affine(prefix + "mlp.gate_proj"), affine(prefix + "mlp.up_proj"))),
        linears.make(List.of(affine(prefix + "mlp.down_proj"))));
  }

  private Affine affine(String name) {
    return new Affine(
        weights.get(name + ".weight"), Optional.ofNullable(weights.tensors().get(name + ".bias")));
  }

  private TensorOptional optional(String name) {
    Tensor tensor = weights.tensors().get(name);
    return tensor == null ? new TensorOptional() : new TensorOptional(tensor);
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
    Tensor hidden = torch.embedding(weights.get("model.embed_tokens.weight"), tokens);
    PointerScope scope = Objects.requireNonNull(PointerScope.getInnerScope(), "no open scope");
    for (int i = 0; i < layers.size(); i++) {
      // A scope a layer: the intermediate tensors of one layer are freed before the next.
      try (PointerScope _ = new PointerScope()) {
        hidden = layer(i, hidden, attention);
        scope.attach(hidden);
      }
    }
    return norm(hidden, weights.get("model.norm.weight"));
  }

  /** The hidden states after one layer, {@code [batch, time, hiddenSize]}, from those before it. */
  private Tensor layer(int index, Tensor hidden, Attention attention) {
    Layer layer = layers.get(index);
    List<Tensor> projected = layer.queryKeyValue().apply(norm(hidden, layer.inputNorm()));
    Tensor query = heads(projected.get(0), config.heads());
    Tensor key = heads(projected.get(1), config.kvHeads());
    Tensor value = heads(projected.get(2), config.kvHeads());
    if (config.queryKeyNorm()) {
      query = norm(query, layer.queryNorm());
      key = norm(key, layer.keyNorm());
    }
    Tensor attended = attention.attend(index, query, key, value).flatten(-2, -1);
    Tensor mixed = hidden.add(layer.output().applyOne(attended));
    List<Tensor> gateUp = layer.gateUp().apply(norm(mixed, layer.attentionNorm()));
    return mixed.add(layer.down().applyOne(torch.silu(gateUp.get(0)).mul(gateUp.get(1))));
  }

  /**
   * The logits of every token of the vocabulary.
   *
   * @param hidden {@code […, hiddenSize]}
   * @return {@code […, vocabSize]} in 32-bit floats
   */
  public Tensor logits(Tensor hidden) {
    return head.applyOne(hidden).to(torch.ScalarType.Float);
  }

  private static Tensor heads(Tensor projected, int heads) {
    return projected.unflatten(-1, new long[] {heads, projected.size(-1) / heads});
  }

  private Tensor norm(Tensor input, Tensor weight) {
    return norm(input, new TensorOptional(weight));
  }

  private Tensor norm(Tensor input, TensorOptional weight) {
    return torch.rms_norm(
        input, new long[] {input.size(-1)}, weight, new DoubleOptional(config.rmsNormEps()));
  }

  @Override
  public void close() {
    layers.forEach(Layer::close);
    head.close();
  }
}
