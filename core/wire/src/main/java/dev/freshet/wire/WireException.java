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

  /**
   * Requires that a completion may have {@code most} tokens, in vLLM's words.
   *
   * @param contextTokens the most tokens of prompt and completion together
   */
  static void checkMostTokens(String field, int most, int contextTokens) {
    if (most > contextTokens) {
      throw new WireException(
          "%1$s=%2$d cannot be greater than max_model_len=%3$d. Please request fewer output tokens. (parameter=%1$s, value=%2$d)"
              .formatted(field, most, contextTokens));
    }
  }

  @Override
  public String getMessage() {
    return message;
  }
}
