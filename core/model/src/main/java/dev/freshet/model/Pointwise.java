package dev.freshet.model;

import dev.freshet.model.ModelFamily.Activation;
import org.bytedeco.pytorch.Tensor;

/** What a decoder computes element by element or row by row, between its linear layers. */
public interface Pointwise {
  /** With libtorch, which records gradients. */
  static Pointwise torch() {
    return new TorchPointwise();
  }

  /**
   * With this processor's vectors and without gradients, in one pass over the elements.
   *
   * @param crew shares the rows
   */
  static Pointwise vectors(ComputeCrew crew) {
    return new VectorPointwise(crew);
  }

  /**
   * The input normalised in its last dimension, in its type.
   *
   * @param input {@code [1, time, width]} or {@code [1, time, heads, width]}
   */
  Tensor norm(Norm norm, Tensor input);

  /**
   * {@code activation(gate) · up}.
   *
   * @param gate {@code […, width]}
   * @param up as {@code gate}
   */
  Tensor gated(Activation activation, Tensor gate, Tensor up);
}
