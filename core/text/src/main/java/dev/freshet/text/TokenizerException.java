package dev.freshet.text;

/**
 * A tokenizer cannot be read, or cannot encode a text. The message names the file and the reason.
 */
public final class TokenizerException extends RuntimeException {
  public TokenizerException(String message) {
    super(message);
  }

  public TokenizerException(String message, Throwable cause) {
    super(message, cause);
  }
}
