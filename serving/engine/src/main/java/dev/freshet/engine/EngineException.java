package dev.freshet.engine;

/** An engine operation was refused or failed; what was serving goes on serving. */
public final class EngineException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What kind of failure, which decides the HTTP status. */
  public enum Kind {
    /** The request itself is wrong (HTTP 400). */
    INVALID,
    /** The request is well formed, but the state or the checkpoint forbids it (HTTP 409). */
    CONFLICT,
    /** The engine cannot take more now (HTTP 503). */
    OVERLOADED,
    /** The engine failed (HTTP 500). */
    INTERNAL
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

  /** A failure whose cause already says all there is to say. */
  public EngineException(Kind kind, RuntimeException cause) {
    super(cause.getMessage(), cause);
    this.kind = kind;
  }

  /** What kind of failure this is. */
  public Kind kind() {
    return kind;
  }
}
