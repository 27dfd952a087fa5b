package dev.freshet.client;

import dev.freshet.wire.ErrorBody;

/**
 * An admin call that failed. {@link #status} is the HTTP status of the server's answer, or 0 if
 * there was none; {@link #code} is then one of {@code unreachable}, {@code connect_timeout}, {@code
 * busy} (an earlier call holds the lane), {@code deadline} (no time was left to begin the call),
 * {@code write_timeout}, {@code read_timeout}, {@code closed}, {@code bad_answer}, {@code
 * interrupted}, {@code silent} (aborted by its caller's side), {@code shut_down}.
 */
public final class AdminException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final String type;
  private final String code;
  private final boolean neverHandled;

  private AdminException(
      String message, int status, String type, String code, boolean neverHandled) {
    super(message);
    this.status = status;
    this.type = type;
    this.code = code;
    this.neverHandled = neverHandled;
  }

  /** The server answered with an error. */
  public static AdminException answered(String call, int status, ErrorBody error) {
    return new AdminException(
        "%s: HTTP %d: %s".formatted(call, status, error.message()),
        status,
        error.type(),
        error.code(),
        false);
  }

  /** The call failed before any of it was written: the server cannot have handled it. */
  public static AdminException notSent(String call, String code, String message) {
    return new AdminException(call + ": " + message, 0, "transport_error", code, true);
  }

  /** The call failed after some of it may have been written: the server may have handled it. */
  public static AdminException sent(String call, String code, String message) {
    return new AdminException(call + ": " + message, 0, "transport_error", code, false);
  }

  /** The same error with {@code consequence} appended to its message. */
  public AdminException with(String consequence) {
    AdminException error =
        new AdminException(getMessage() + consequence, status, type, code, neverHandled);
    error.initCause(this);
    return error;
  }

  /** The HTTP status of the server's answer, or 0 if there was none. */
  public int status() {
    return status;
  }

  /** The type that the server's error names, or {@code transport_error}. */
  public String type() {
    return type;
  }

  /** The code that the server's error names, or one of those above. */
  public String code() {
    return code;
  }

  /**
   * Whether the request cannot have reached the server. Otherwise the server may have carried it
   * out.
   */
  public boolean neverHandled() {
    return neverHandled;
  }
}
