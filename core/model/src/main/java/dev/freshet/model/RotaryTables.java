package dev.freshet.model;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The rotary table of each layer of a decoder. They depend on its shape and the length of the
 * context, not on its weights, so all versions of a policy share them. Layers that rotate alike
 * share a table.
 *
 * @param layers for each layer, its table; empty if the layer does not rotate
 */
public record RotaryTables(List<Optional<RotaryTable>> layers) {
  public RotaryTables {
    layers = List.copyOf(layers);
  }

  /**
   * The tables for positions below {@code maxLength}.
   *
   * @param config for a context of that length, {@link ModelConfig#forContext}
   */
  public static RotaryTables of(ModelConfig config, int maxLength) {
    Map<Rope, RotaryTable> made = new HashMap<>();
    return new RotaryTables(
        config.ropes().stream()
            .map(
                layer ->
                    layer.map(
                        rope ->
                            made.computeIfAbsent(
                                rope, r -> RotaryTable.of(r, config.headDim(), maxLength))))
            .toList());
  }

  /**
   * Reads one head of one token, rotated as the layer does and scaled.
   *
   * @param source address of the head, {@code headDim} numbers
   * @param target receives the head from {@code offset} on
   */
  void rotate(
      int layer,
      FloatFormat format,
      long source,
      int headDim,
      int position,
      float scale,
      float[] target,
      int offset) {
    layers
        .get(layer)
        .orElse(RotaryTable.NONE)
        .rotate(format, source, headDim, position, scale, target, offset);
  }
}
