package dev.freshet.trainer;

/**
 * The registry of policy-gradient losses with their constants. A constant's lower-case name is its
 * name in the configuration.
 *
 * <p>To add a loss, write a class that implements {@link PolicyLoss}, add a constant here and
 * describe it at {@code trainer.loss} in the configuration reference.
 */
public enum LossRule {
  DPPO,
  GRPO;

  PolicyLoss loss() {
    return switch (this) {
      case DPPO -> new DppoLoss(0.2, 1e-3);
      case GRPO -> new GrpoLoss(0.2);
    };
  }
}
