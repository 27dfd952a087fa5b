package dev.freshet.model;

import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * The parameters of a linear layer.
 *
 * @param name the layer's Hugging Face name, such as {@code model.layers.0.mlp.up_proj}
 * @param weight {@code [out, in]}
 * @param bias {@code [out]}
 */
public record Affine(String name, Tensor weight, Optional<Tensor> bias) {
  /** The width of the output. */
  long out() {
    return weight.size(0);
  }
}
