package dev.freshet.orchestrator;

/** An attempt at an episode failed. The message says what was found and expected. */
final class RolloutFailure extends Exception {
  private static final long serialVersionUID = 1L;

  /** The words of another program, which may be megabytes, are in logs and the journal. */
  static final int MOST_CHARACTERS = 2_000;

  private final FailureReason reason;
  private final boolean retry;
  private final boolean attempted;

  private RolloutFailure(FailureReason reason, boolean retry, boolean attempted, String message) {
    super(
        message.length() <= MOST_CHARACTERS
            ? message
            : message.substring(0, MOST_CHARACTERS) + "…");
    this.reason = reason;
    this.retry = retry;
    this.attempted = attempted;
  }

  /** The environment failed, which another server would not change. */
  static RolloutFailure of(FailureReason reason, String message) {
    return new RolloutFailure(reason, false, true, message);
  }

  /** A server failed; {@code retry} says whether an attempt on another may succeed. */
  static RolloutFailure ofServer(String message, boolean retry) {
    return new RolloutFailure(FailureReason.SERVER, retry, true, message);
  }

  /** A server did not take the request, or has not the weights that it should have. */
  static RolloutFailure notServed(String message) {
    return new RolloutFailure(FailureReason.SERVER, true, false, message);
  }

  FailureReason reason() {
    return reason;
  }

  boolean retry() {
    return retry;
  }

  /** Whether a server tried; a rollout has few attempts, but may wait long for a server. */
  boolean attempted() {
    return attempted;
  }
}
