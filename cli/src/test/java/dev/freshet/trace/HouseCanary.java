package dev.freshet.trace;

import dev.freshet.text.CharTokenizer;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * What the room of traces must never hold: a class of another room and a tensor. It exists to be
 * found.
 */
public record HouseCanary(CharTokenizer room, Optional<Tensor> tensor) {
  /** A use of the tensor that its class file shows. */
  public long elements() {
    return tensor.map(Tensor::numel).orElse(0L);
  }
}
