package dev.freshet.trainer;

/**
 * AdamW with a linear warm-up to a constant learning rate.
 *
 * @param lr the learning rate after warm-up
 * @param warmupSteps over how many steps it rises to {@code lr}
 * @param maxGradNorm the gradient is scaled down to this norm when it is longer
 */
public record OptimizerConfig(
    double lr,
    int warmupSteps,
    double beta1,
    double beta2,
    double eps,
    double weightDecay,
    double maxGradNorm) {

  public OptimizerConfig {
    require(lr > 0, "lr", lr, "a positive number");
    require(warmupSteps >= 0, "warmup_steps", warmupSteps, "0 or more");
    require(beta1 >= 0 && beta1 < 1, "beta1", beta1, "a number in [0, 1)");
    require(beta2 >= 0 && beta2 < 1, "beta2", beta2, "a number in [0, 1)");
    require(eps > 0, "eps", eps, "a positive number");
    require(weightDecay >= 0, "weight_decay", weightDecay, "0 or more");
    require(maxGradNorm > 0, "max_grad_norm", maxGradNorm, "a positive number");
  }

  /** AdamW's usual constants at a learning rate. */
  public static OptimizerConfig of(double lr) {
    return new OptimizerConfig(lr, 10, 0.9, 0.95, 1e-8, 0.0, 1.0);
  }

  /** The learning rate of a step, counted from 1. */
  double lrAt(long step) {
    return warmupSteps == 0 ? lr : lr * Math.min(1.0, (double) step / warmupSteps);
  }

  private static void require(boolean holds, String name, Object value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException("%s %s: expected %s".formatted(name, value, expected));
    }
  }
}
