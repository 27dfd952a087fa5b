package dev.freshet.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * The decoder over one set of weights: token ids and positions in, hidden states and logits out.
 * The engine and the trainer run this one definition with different {@link Attention}s.
 *
 * <p>Every call reads the current weights, so the trainer may change them in place. The decoder has
 * no other state: any thread may call it, within its own {@code PointerScope}, which must be open.
 * Closing a decoder frees its rotary tables, not the weights.
 */
public final class Decoder implements AutoCloseable {
  private final ModelConfig config;
  private final ModelWeights weights;
  private final List<Layer> layers;
  private final Tensor cos;
  private final Tensor sin;

  private record Layer(
      Tensor inputNorm,
      Linear query,
      Linear key,
      Linear value,
      TensorOptional queryNorm,
      TensorOptional keyNorm,
      Linear output,
      Tensor attentionNorm,
      Linear gate,
      Linear up,
      Linear down) {}

  private record Linear(Tensor weight, TensorOptional bias) {
    Tensor apply(Tensor input) {
      return torch.linear(input, weight, bias);
    }
  }

  /**
   * A decoder for positions below {@code maxLength}.
   *
   * @param weights must stay open as long as this decoder is used
   */
  public Decoder(ModelWeights weights, int maxLength) {
    this.config = weights.config();
    this.weights = weights;
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      Tensor angles = angles(config, maxLength);
      this.cos = angles.cos().to(weights.type());
      this.sin = angles.sin().to(weights.type());
      this.layers = new ArrayList<>();
      for (int layer = 0; layer < config.layers(); layer++) {
        layers.add(layer("model.layers." + layer + "."));
      }
      cos.retainReference();
      sin.retainReference();
      layers.forEach(layer -> optionals(layer).forEach(TensorOptional::retainReference));
    }
  }

  private Layer layer(String prefix) {
    return new Layer(
        weights.get(prefix + "input_layernorm.weight"),
        linear(prefix + "self_attn.q_proj"),
        linear(prefix + "self_attn.k_proj"),
        linear(prefix + "self_attn.v_proj"),
        optional(prefix + "self_attn.q_norm.weight"),
        optional(prefix + "self_attn.k_norm.weight"),
        linear(prefix + "self_attn.o_proj"),
        weights.get(prefix + "post_attention_layernorm.weight"),
        linear(prefix + "mlp.gate_proj"),
        linear(prefix + "mlp.up_proj"),
        linear(prefix + "mlp.down_proj"));
  }

  private Linear linear(String name) {
    return new Linear(weights.get(name + ".weight"), optional(name + ".bias"));
  }

  private TensorOptional optional(String name) {
    Tensor tensor = weights.tensors().get(name);
    return tensor == null ? new TensorOptional() : new TensorOptional(tensor);
  }

  private static List<TensorOptional> optionals(Layer layer) {
    return List.of(
        layer.query().bias(),
        layer.key().bias(),
        layer.value().bias(),
        layer.queryNorm(),
        layer.keyNorm(),
        layer.output().bias(),
        layer.gate().bias(),
        layer.up().bias(),
        layer.down().bias());
  }

  /**
   * The rotary angle of every dimension at every position, {@code [maxLength, headDim]}; both
   * halves of a row are equal.
   */
  private static Tensor angles(ModelConfig config, int maxLength) {
    float[] frequencies = config.rope().frequencies(config.headDim());
    int half = frequencies.length;
    float[] angles = new float[maxLength * half * 2];
    for (int position = 0; position < maxLength; position++) {
      for (int i = 0; i < half; i++) {
        float angle = position * frequencies[i];
        angles[position * 2 * half + i] = angle;
        angles[position * 2 * half + half + i] = angle;
      }
    }
    return Torch.floats(angles, maxLength, 2L * half);
  }

  /** The shape of the model. */
  public ModelConfig config() {
    return config;
  }

  /**
   * The normalised hidden states of the last layer.
   *
   * @param tokens token ids, {@code [batch, time]}
   * @param positions each token's position in its sequence, {@code [batch, time]}
   * @return {@code [batch, time, hiddenSize]}
   */
  public Tensor hidden(Tensor tokens, Tensor positions, Attention attention) {
    long batch = tokens.size(0);
    long time = tokens.size(1);
    Tensor flat = positions.reshape(-1);
    Tensor tokenCos = cos.index_select(0, flat).view(batch, time, 1, config.headDim());
    Tensor tokenSin = sin.index_select(0, flat).view(batch, time, 1, config.headDim());
    Tensor hidden = torch.embedding(weights.get("model.embed_tokens.weight"), tokens);
    PointerScope scope = Objects.requireNonNull(PointerScope.getInnerScope(), "no open scope");
    for (int i = 0; i < layers.size(); i++) {
      // A scope a layer: the intermediate tensors of one layer are freed before the next.
      try (PointerScope _ = new PointerScope()) {
        hidden = layer(i, hidden, tokenCos, tokenSin, attention);
        scope.attach(hidden);
      }
    }
    return norm(hidden, weights.get("model.norm.weight"));
  }

  /** The hidden states after one layer, {@code [batch, time, hiddenSize]}, from those before it. */
  private Tensor layer(
      int index, Tensor hidden, Tensor tokenCos, Tensor tokenSin, Attention attention) {
    Layer layer = layers.get(index);
    long batch = hidden.size(0);
    long time = hidden.size(1);
    Tensor normed = norm(hidden, layer.inputNorm());
    Tensor query = heads(layer.query().apply(normed), config.heads());
    Tensor key = heads(layer.key().apply(normed), config.kvHeads());
    Tensor value = heads(layer.value().apply(normed), config.kvHeads());
    if (config.queryKeyNorm()) {
      query = norm(query, layer.queryNorm());
      key = norm(key, layer.keyNorm());
    }
    Tensor attended =
        attention.attend(
            index, rotate(query, tokenCos, tokenSin), rotate(key, tokenCos, tokenSin), value);
    Tensor mixed = hidden.add(layer.output().apply(attended.reshape(batch, time, -1)));
    Tensor mlp = norm(mixed, layer.attentionNorm());
    return mixed.add(
        layer.down().apply(torch.silu(layer.gate().apply(mlp)).mul(layer.up().apply(mlp))));
  }

  /**
   * The logits of every token of the vocabulary.
   *
   * @param hidden {@code […, hiddenSize]}
   * @return {@code […, vocabSize]} in 32-bit floats
   */
  public Tensor logits(Tensor hidden) {
    return torch.linear(hidden, weights.head()).to(torch.ScalarType.Float);
  }

  private static Tensor heads(Tensor projected, int heads) {
    return projected.view(projected.size(0), projected.size(1), heads, -1);
  }

  private Tensor norm(Tensor input, Tensor weight) {
    return norm(input, new TensorOptional(weight));
  }

  private Tensor norm(Tensor input, TensorOptional weight) {
    return torch.rms_norm(
        input, new long[] {input.size(-1)}, weight, new DoubleOptional(config.rmsNormEps()));
  }

  private Tensor rotate(Tensor input, Tensor tokenCos, Tensor tokenSin) {
    long half = config.headDim() / 2;
    Tensor turned =
        torch.cat(
            new TensorVector(input.narrow(-1, half, half).neg(), input.narrow(-1, 0, half)), -1);
    return input.mul(tokenCos).add(turned.mul(tokenSin));
  }

  @Override
  public void close() {
    cos.close();
    sin.close();
    layers.forEach(layer -> optionals(layer).forEach(TensorOptional::close));
  }
}
