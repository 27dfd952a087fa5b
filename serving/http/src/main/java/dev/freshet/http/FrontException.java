package dev.freshet.http;

/** The front cannot start. The message is one line: what, where, what was expected. */
public final class FrontException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  FrontException(String message, Throwable cause) {
    super(message, cause);
  }
}
