package dev.freshet.wire;

/** Received JSON is malformed or invalid. The message names the place and what was expected. */
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
