package dev.freshet.model;

import java.util.OptionalInt;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Masks that are added to attention scores: 0 where a query may attend, −∞ elsewhere. */
final class Masks {
  private Masks() {}

  /**
   * The causal mask: a query attends to keys at its own position and earlier ones within the
   * window.
   *
   * @param queryPositions {@code [batch, time, 1]}
   * @param keyPositions {@code [batch or 1, 1, length]}
   * @return {@code [batch, 1, time, length]}
   */
  static Tensor causal(
      Tensor queryPositions, Tensor keyPositions, OptionalInt window, ScalarType type) {
    return additive(hidden(queryPositions, keyPositions, window), type);
  }

  /**
   * The causal mask for rows that hold several sequences: a query attends only to its own segment.
   */
  static Tensor packed(Tensor positions, Tensor segments, OptionalInt window, ScalarType type) {
    Tensor other = segments.unsqueeze(2).ne(segments.unsqueeze(1));
    return additive(
        hidden(positions.unsqueeze(2), positions.unsqueeze(1), window).logical_or(other), type);
  }

  private static Tensor hidden(Tensor queryPositions, Tensor keyPositions, OptionalInt window) {
    Tensor later = keyPositions.gt(queryPositions);
    return window.isEmpty()
        ? later
        : later.logical_or(
            keyPositions.le(queryPositions.sub(new Scalar((long) window.getAsInt()))));
  }

  private static Tensor additive(Tensor hidden, ScalarType type) {
    return torch
        .zeros(new long[] {hidden.size(0), 1, hidden.size(1), hidden.size(2)}, Torch.options(type))
        .masked_fill_(hidden.unsqueeze(1), new Scalar(Double.NEGATIVE_INFINITY));
  }
}
