package dev.freshet.orchestrator;

/** An attempt at an episode failed. The message says what was found and expected. */
final class RolloutFailure extends Exception {
  private static final long serialVersionUID = 1L;

  private final FailureReason reason;
  private final boolean retry;

  private RolloutFailure(FailureReason reason, boolean retry, String message) {
    super(message);
    this.reason = reason;
    this.retry = retry;
  }

  /** The environment failed, which another server would not change. */
  static RolloutFailure of(FailureReason reason, String message) {
    return new RolloutFailure(reason, false, message);
  }

  /** A server failed; {@code retry} says whether an attempt on another may succeed. */
  static RolloutFailure ofServer(String message, boolean retry) {
    return new RolloutFailure(FailureReason.SERVER, retry, message);
  }

  FailureReason reason() {
    return reason;
  }

  boolean retry() {
    return retry;
  }
}
