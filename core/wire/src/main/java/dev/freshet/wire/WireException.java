package dev.freshet.wire;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Received JSON is malformed or invalid. The message names the place and what was expected. */
public final class WireException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The beginning of a message about a field: its name, and where in its value the fault is. */
  private static final Pattern FIELD = Pattern.compile("([a-z][a-z0-9_]*)(/[^ ]*)?(: expected |=)");

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

  /** The field of the body that is wrong, if the message names one. */
  public Optional<String> field() {
    Matcher name = FIELD.matcher(message);
    return name.lookingAt() && !name.group(1).equals("body")
        ? Optional.of(name.group(1))
        : Optional.empty();
  }

  @Override
  public String getMessage() {
    return message;
  }
}
