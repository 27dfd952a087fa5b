package dev.freshet.fleet;

import java.util.concurrent.ExecutionException;

/** The fleet cannot begin or go on; the message names the servers and what was expected. */
public final class FleetException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public FleetException(String message) {
    super(message);
  }

  public FleetException(String message, Throwable cause) {
    super(message, cause);
  }

  /** The message of {@code error}, or of its cause if it only wraps that. */
  static String reason(Throwable error) {
    Throwable cause = error.getCause();
    if (error instanceof ExecutionException && cause != null) {
      return reason(cause);
    }
    String message = error.getMessage();
    return message == null ? error.getClass().getSimpleName() : message;
  }
}
