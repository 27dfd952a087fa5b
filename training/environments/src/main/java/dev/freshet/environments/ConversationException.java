package dev.freshet.environments;

/** Messages cannot be turned into tokens. The message says what was found and expected. */
public final class ConversationException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What a caller may tell apart. */
  public enum Kind {
    /** The messages are too long. */
    SIZE,
    /** The tokenizer or the chat template does not take the messages. */
    FORMAT
  }

  private final Kind kind;

  public ConversationException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  public ConversationException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
