package dev.freshet.environments;

/**
 * The program that runs an environment failed, or cannot be reached. The message names it and says
 * what it answered.
 */
final class ForeignEnvironmentException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ForeignEnvironmentException(String message) {
    super(message);
  }

  ForeignEnvironmentException(String message, Throwable cause) {
    super(message, cause);
  }
}
