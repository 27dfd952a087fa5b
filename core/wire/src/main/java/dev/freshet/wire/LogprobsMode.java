package dev.freshet.wire;

/** Of which distribution logprobs are reported; names and default as in vLLM. */
public enum LogprobsMode {
  /** The model's own, at temperature 1 over the whole vocabulary. */
  RAW_LOGPROBS,
  /**
   * The one that the token was drawn from: after all changes of the logits, the temperature and the
   * truncation. A greedy completion has neither of the last two.
   */
  PROCESSED_LOGPROBS;

  /** The name on the wire. */
  public String wireName() {
    return WireNames.of(this);
  }

  /**
   * The mode with a wire name.
   *
   * @throws WireException if there is none
   */
  static LogprobsMode of(String wireName) {
    return WireNames.find(LogprobsMode.class, "logprobs_mode", wireName);
  }
}
