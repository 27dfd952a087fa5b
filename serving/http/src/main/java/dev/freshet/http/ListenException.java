package dev.freshet.http;

/** A listener cannot bind its address. The message is one line: which listener, where, why. */
public final class ListenException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ListenException(String message, Throwable cause) {
    super(message, cause);
  }
}
