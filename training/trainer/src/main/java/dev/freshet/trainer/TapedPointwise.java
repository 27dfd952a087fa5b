package dev.freshet.trainer;

import dev.freshet.model.ComputeCrew;
import dev.freshet.model.ModelFamily.Activation;
import dev.freshet.model.Norm;
import dev.freshet.model.Pointwise;
import dev.freshet.model.PointwiseGradients;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Norms and gated activations that record themselves on a {@link Tape}.
 *
 * @param type of the outputs of norms
 */
record TapedPointwise(Tape tape, ScalarType type) implements Pointwise {
  private static final Pointwise VECTORS = Pointwise.vectors(ComputeCrew.ALONE);

  @Override
  public Tensor norm(Norm norm, Tensor input) {
    tape.record(
        gradient -> PointwiseGradients.normGradient(norm, input, gradient, norm.weight().grad()),
        input);
    return PointwiseGradients.norm(norm, input, type);
  }

  /** The gradient that is computed holds those of gate and up one after the other. */
  @Override
  public Tensor gated(Activation activation, Tensor gate, Tensor up) {
    tape.record(gradient -> gradient(activation, gate, up, gradient), gate, up);
    return VECTORS.gated(activation, gate, up);
  }

  private static Tensor gradient(Activation activation, Tensor gate, Tensor up, Tensor gradient) {
    long width = gate.size(2);
    Tensor both = torch.empty(new long[] {1, gate.size(1), 2 * width}, gate.options(), null);
    PointwiseGradients.gatedGradient(
        activation, gate, up, gradient, both.narrow(2, 0, width), both.narrow(2, width, width));
    return both;
  }
}
