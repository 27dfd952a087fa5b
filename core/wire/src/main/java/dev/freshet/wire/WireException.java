package dev.freshet.wire;

/** JSON on the wire is not what it must be. The message says where, and what was expected. */
public final class WireException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String message;

  public WireException(String message) {
    super(message);
    this.message = message;
  }

  public WireException(String message, Throwable cause) {
    super(message, cause);
    this.message = message;
  }

  @Override
  public String getMessage() {
    return message;
  }
}
