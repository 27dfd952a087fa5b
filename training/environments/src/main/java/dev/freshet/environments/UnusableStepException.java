package dev.freshet.environments;

/** What an environment said cannot be used. The message says what was found and expected. */
public final class UnusableStepException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What a caller may tell apart. */
  public enum Kind {
    /** The messages are too long. */
    SIZE,
    /** The tokenizer or the chat template does not take the messages. */
    FORMAT,
    /** The reward is not a number. */
    REWARD
  }

  private final Kind kind;

  public UnusableStepException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  public UnusableStepException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
