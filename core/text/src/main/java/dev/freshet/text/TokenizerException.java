package dev.freshet.text;

/** A tokenizer cannot be read, or cannot encode a text; the message says what, where and why. */
public final class TokenizerException extends RuntimeException {
  public TokenizerException(String message) {
    super(message);
  }

  public TokenizerException(String message, Throwable cause) {
    super(message, cause);
  }
}
