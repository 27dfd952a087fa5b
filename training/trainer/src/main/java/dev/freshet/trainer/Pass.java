package dev.freshet.trainer;

import dev.freshet.model.Decoder;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;

/** A forward and a backward pass over one micro-batch, which adds the gradient of the loss. */
@FunctionalInterface
interface Pass {
  /**
   * Runs both passes within the innermost {@code PointerScope}.
   *
   * @param head adds the gradient of its weight itself
   */
  void run(Decoder decoder, LanguageHead head, MicroBatch batch, TokenLoss loss);

  /** The pass that keeps all activations of the forward pass for the backward pass. */
  static Pass keeping(TrainingPrecision precision) {
    return (decoder, head, batch, loss) -> {
      Tensor hidden;
      try (Autocast _ = new Autocast(precision)) {
        hidden = batch.predicting(decoder);
      }
      backward(hidden, head.backward(hidden.detach(), batch.targets(), loss));
    };
  }

  /**
   * Adds the gradients of what {@code tensor} was computed from, given its own; none if nothing of
   * it is trained, as the hidden states when only the head is adapted.
   */
  static void backward(Tensor tensor, Tensor gradient) {
    if (tensor.requires_grad()) {
      tensor.backward(gradient, new BoolOptional(), false, new TensorArrayRefOptional());
    }
  }
}
