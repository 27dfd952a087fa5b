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

  /**
   * Requires {@code holds} of a field.
   *
   * @throws WireException that names the field, what was expected and what was found
   */
  static void check(boolean holds, String field, String expected, Object found) {
    if (!holds) {
      throw new WireException("%s: expected %s, got %s".formatted(field, expected, found));
    }
  }

  @Override
  public String getMessage() {
    return message;
  }
}
