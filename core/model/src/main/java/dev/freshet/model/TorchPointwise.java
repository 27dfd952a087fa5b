package dev.freshet.model;

import dev.freshet.model.ModelFamily.Activation;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** See {@link Pointwise#torch}. */
record TorchPointwise() implements Pointwise {
  @Override
  public Tensor norm(Norm norm, Tensor input) {
    if (norm.offset()) {
      Tensor factor = norm.weight().to(ScalarType.Float).add(new Scalar(1.0f));
      return normalised(input.to(ScalarType.Float), factor, norm.eps()).to(input.scalar_type());
    }
    return normalised(input, norm.weight(), norm.eps());
  }

  private static Tensor normalised(Tensor input, Tensor factor, double eps) {
    return torch.rms_norm(
        input, new long[] {input.size(-1)}, new TensorOptional(factor), new DoubleOptional(eps));
  }

  @Override
  public Tensor gated(Activation activation, Tensor gate, Tensor up) {
    Tensor activated =
        switch (activation) {
          case SILU -> torch.silu(gate);
          case GELU_TANH -> torch.gelu(gate, "tanh");
        };
    return activated.mul(up);
  }
}
