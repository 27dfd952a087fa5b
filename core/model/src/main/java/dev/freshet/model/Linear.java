package dev.freshet.model;

import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * One or several linear layers over the same input: {@code output_i = input · weight_iᵀ + bias_i}.
 * The owner closes it; closing frees what it made, not the weights it was made of.
 */
public interface Linear extends AutoCloseable {
  /**
   * One output for each layer.
   *
   * @param input {@code […, in]}
   * @return {@code […, out_i]} for each layer; they may share memory
   */
  List<Tensor> apply(Tensor input);

  /** The output of a single layer. */
  default Tensor applyOne(Tensor input) {
    return apply(input).getFirst();
  }

  @Override
  void close();

  /** Makes the linear layers of a decoder. */
  @FunctionalInterface
  interface Maker {
    /** Layers over the same input; they must stay open as long as the result is used. */
    Linear make(List<Affine> layers);
  }
}
