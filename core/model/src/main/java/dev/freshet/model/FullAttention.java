package dev.freshet.model;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Causal attention of whole sequences to themselves, several of them side by side in a row if they
 * are packed.
 */
public final class FullAttention implements Attention {
  private final ModelConfig config;
  private final Map<OptionalInt, Tensor> masks = new HashMap<>();

  /**
   * For rows of packed sequences.
   *
   * @param positions each token's position in its own sequence, {@code [rows, time]}
   * @param segments which sequence of the row each token belongs to, {@code [rows, time]}
   * @param type what the model computes in
   */
  public FullAttention(ModelConfig config, Tensor positions, Tensor segments, ScalarType type) {
    this.config = config;
    config.windows().stream()
        .distinct()
        .forEach(window -> masks.put(window, Masks.packed(positions, segments, window, type)));
  }

  @Override
  public Tensor attend(int layer, Tensor query, Tensor key, Tensor value) {
    Tensor mask = java.util.Objects.requireNonNull(masks.get(config.windows().get(layer)));
    return Attention.scaledDotProduct(query, key, value, mask);
  }
}
