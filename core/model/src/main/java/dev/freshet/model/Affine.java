package dev.freshet.model;

import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * The parameters of a linear layer.
 *
 * @param weight {@code [out, in]}
 * @param bias {@code [out]}
 */
public record Affine(Tensor weight, Optional<Tensor> bias) {
  /** The width of the output. */
  long out() {
    return weight.size(0);
  }
}
