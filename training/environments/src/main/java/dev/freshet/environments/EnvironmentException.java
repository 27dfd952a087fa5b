package dev.freshet.environments;

/** An environment that cannot be made or used as configured; the message says what was expected. */
public final class EnvironmentException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public EnvironmentException(String message) {
    super(message);
  }
}
