package dev.freshet.fleet;

/** The fleet cannot start or continue. The message names the servers and what was expected. */
public final class FleetException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  FleetException(String message) {
    super(message);
  }

  FleetException(String message, Throwable cause) {
    super(message, cause);
  }
}
