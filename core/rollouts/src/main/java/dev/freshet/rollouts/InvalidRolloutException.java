package dev.freshet.rollouts;

/** A rollout whose values are impossible. */
public final class InvalidRolloutException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final UnusableRollout.Reason reason;

  InvalidRolloutException(UnusableRollout.Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  /** What is impossible. */
  public UnusableRollout.Reason reason() {
    return reason;
  }
}
