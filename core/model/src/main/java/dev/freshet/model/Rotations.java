package dev.freshet.model;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The rotary embedding of tokens at their positions, in each layer. Belongs to the {@code
 * PointerScope} in which it is made.
 *
 * @param layers for each layer, its rotation; empty if the layer does not rotate
 */
record Rotations(List<Optional<Rotation>> layers) {
  /**
   * The rotations of tokens.
   *
   * @param positions {@code [batch, time]}
   */
  static Rotations of(ModelConfig config, Tensor positions, ScalarType type) {
    Map<Rope, Rotation> made = new HashMap<>();
    return new Rotations(
        config.ropes().stream()
            .map(
                layer ->
                    layer.map(
                        rope ->
                            made.computeIfAbsent(
                                rope, r -> Rotation.of(r, config.headDim(), positions, type))))
            .toList());
  }

  /** Heads as a layer rotates them, {@code [batch, time, heads, headDim]}. */
  Tensor apply(int layer, Tensor heads) {
    return layers.get(layer).map(rotation -> rotation.apply(heads)).orElse(heads);
  }
}
