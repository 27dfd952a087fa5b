package dev.freshet.trainer;

import dev.freshet.model.LoraAdapter;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The adapter beside a {@link LanguageHead}: {@code scale · B · A · hidden} is added to the logits.
 * Its gradients are written out, as those of the head. Computes in 32-bit floats.
 *
 * @param factors whose gradients, if they require them, are added to
 */
record HeadAdapter(LoraAdapter.Factors factors) {
  /**
   * Adds the product to logits.
   *
   * @param logits {@code [n, vocabSize]} in 32-bit floats
   * @param hidden {@code [n, hiddenSize]}
   */
  void addTo(Tensor logits, Tensor hidden) {
    try (NoGradGuard _ = new NoGradGuard()) {
      logits.addmm_(reduced(hidden), factors.b().t(), new Scalar(1.0), scale());
    }
  }

  /**
   * Adds the gradients of A and B and returns that of {@code hidden} through them, {@code [n,
   * hiddenSize]}.
   *
   * @param logits the gradient of the logits, {@code [n, vocabSize]} in 32-bit floats
   */
  Tensor backward(Tensor hidden, Tensor logits) {
    try (NoGradGuard _ = new NoGradGuard()) {
      Tensor through = logits.mm(factors.b()).mul_(scale());
      if (factors.a().requires_grad()) {
        Tensor exact = hidden.to(ScalarType.Float);
        factors.a().grad().addmm_(through.t(), exact);
        factors.b().grad().addmm_(logits.t(), reduced(exact), new Scalar(1.0), scale());
      }
      return through.mm(factors.a());
    }
  }

  /** {@code [n, rank]}. */
  private Tensor reduced(Tensor hidden) {
    return hidden.to(ScalarType.Float).mm(factors.a().t());
  }

  private Scalar scale() {
    return new Scalar(factors.scale());
  }
}
