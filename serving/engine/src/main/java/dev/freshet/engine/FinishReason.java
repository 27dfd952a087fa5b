package dev.freshet.engine;

/** Why a completion ended. */
public enum FinishReason {
  /** A stop token or the end-of-sequence token was generated, or a stop string appeared. */
  STOP("stop"),
  /** {@code max_tokens} or the model's context length was reached. */
  LENGTH("length"),
  /** A caller, a pause, an update or the shutdown ended it. */
  ABORT("abort"),
  /** The engine failed. */
  ERROR("error");

  private final String wireName;

  FinishReason(String wireName) {
    this.wireName = wireName;
  }

  /** The name on the wire. */
  public String wireName() {
    return wireName;
  }
}
