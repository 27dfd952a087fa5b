package dev.freshet.engine;

/** An engine operation was refused or failed; the serving weights keep serving. */
public final class EngineException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The kind of a failure, which determines the HTTP status. */
  public enum Kind {
    /** The request itself is wrong (HTTP 400). */
    INVALID,
    /** What the request names does not exist (HTTP 404). */
    NOT_FOUND,
    /** The request is well formed, but the state or the checkpoint forbids it (HTTP 409). */
    CONFLICT,
    /** The engine cannot accept more work now (HTTP 503). */
    OVERLOADED,
    /** The operation failed (HTTP 500). */
    INTERNAL,
    /** The engine has failed and accepts no more work (HTTP 503). */
    FAILED
  }

  private final Kind kind;

  public EngineException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  public EngineException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** A failure with the message of its cause. */
  public EngineException(Kind kind, RuntimeException cause) {
    super(cause.getMessage(), cause);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
