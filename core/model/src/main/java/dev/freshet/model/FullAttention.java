package dev.freshet.model;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Causal attention of whole sequences to themselves. A row may hold several packed sequences. */
public final class FullAttention implements Attention {
  private final ModelConfig config;
  private final Rotations rotations;
  private final Map<OptionalInt, Tensor> masks = new HashMap<>();

  /**
   * Attention within the sequences of packed rows.
   *
   * @param positions each token's position in its own sequence, {@code [rows, time]}
   * @param segments which sequence of the row each token belongs to, {@code [rows, time]}
   * @param type the type in which the model computes
   */
  public FullAttention(ModelConfig config, Tensor positions, Tensor segments, ScalarType type) {
    this.config = config;
    this.rotations = Rotations.of(config, positions, type);
    config.windows().stream()
        .distinct()
        .forEach(window -> masks.put(window, Masks.packed(positions, segments, window, type)));
  }

  @Override
  public Tensor attend(int layer, Tensor query, Tensor key, Tensor value) {
    Tensor mask = Objects.requireNonNull(masks.get(config.windows().get(layer)));
    return Attention.scaledDotProduct(
        rotations.apply(layer, query),
        rotations.apply(layer, key),
        value,
        mask,
        config.attentionScale());
  }
}
