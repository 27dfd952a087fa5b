package dev.freshet.trainer;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.CompilationUnit;
import org.bytedeco.pytorch.Function;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * AdamW in one pass over weights, gradient and moments, by libtorch's fused operator, which is
 * reached through TorchScript. Thread-safe.
 */
final class AdamW implements AutoCloseable {
  /** The result keeps TorchScript from removing the call, of which it sees no other effect. */
  private static final String SCRIPT =
      """
      def step(weights: Tensor, gradient: Tensor, mean: Tensor, square: Tensor, count: Tensor, scale: Tensor,
               lr: float, beta1: float, beta2: float, weight_decay: float, eps: float):
          updated = [weights]
          torch._fused_adamw_(updated, [gradient], [mean], [square], [], [count], lr=lr, beta1=beta1, beta2=beta2,
              weight_decay=weight_decay, eps=eps, amsgrad=False, maximize=False, grad_scale=scale, found_inf=None)
          return updated
      """;

  private final OptimizerConfig config;
  private final CompilationUnit script;

  AdamW(OptimizerConfig config) {
    this.config = config;
    try (PointerScope _ = new PointerScope()) {
      this.script = torch.compile(SCRIPT).retainReference();
    }
  }

  /**
   * A part of the parameters with its gradient, and the running means of the gradient and of its
   * square; all one-dimensional and equally long.
   */
  record Part(Tensor weights, Tensor gradient, Tensor mean, Tensor square) {}

  /**
   * Takes one step.
   *
   * @param step the number of the step, from 1
   * @param divisor by which the gradient is divided first
   */
  void step(Part part, long step, double divisor) {
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      List<IValue> arguments =
          List.of(
              new IValue(part.weights()),
              new IValue(part.gradient()),
              new IValue(part.mean()),
              new IValue(part.square()),
              new IValue(scalar((double) step)),
              new IValue(scalar(divisor)),
              new IValue(config.lrAt(step)),
              new IValue(config.beta1()),
              new IValue(config.beta2()),
              new IValue(config.weightDecay()),
              new IValue(config.eps()));
      Function function = script.get_functions().get(0);
      function.apply(new IValueVector(arguments.toArray(IValue[]::new)));
    }
  }

  private static Tensor scalar(double value) {
    return torch.scalar_tensor(new Scalar((float) value));
  }

  @Override
  public void close() {
    script.close();
  }
}
