package dev.freshet.trainer;

/**
 * The settings of AdamW, with a linear warm-up of the learning rate and an optional linear decay.
 *
 * @param lr the learning rate after warm-up
 * @param warmupSteps the number of steps over which the learning rate rises to {@code lr}
 * @param decaySteps the number of steps, from the first, over which it falls to a tenth of {@code
 *     lr}; 0 for no decay
 * @param maxGradNorm a gradient with a larger norm is scaled down to this norm
 */
public record OptimizerConfig(
    double lr,
    int warmupSteps,
    long decaySteps,
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

  /** The learning rate of a step, counted from 1. */
  double lrAt(long step) {
    double warmth = warmupSteps == 0 ? 1 : Math.min(1, (double) step / warmupSteps);
    double decay = decaySteps == 0 ? 1 : 1 - 0.9 * Math.min(1, (double) step / decaySteps);
    return lr * warmth * decay;
  }

  private static void require(boolean holds, String name, Object value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException("%s %s: expected %s".formatted(name, value, expected));
    }
  }
}
