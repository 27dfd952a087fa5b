package dev.freshet.wire;

/**
 * What a pause does to the completions that are being generated. Requests that come while the
 * server is paused wait for it to resume.
 */
public enum PauseMode {
  /** They end at once with finish reason {@code abort}. */
  ABORT,
  /** They come to their end, and the pause is in force once they have. */
  WAIT,
  /** They stand still, and go on after the pause. */
  KEEP;

  /** The name on the wire. */
  public String wireName() {
    return WireNames.of(this);
  }

  /**
   * The mode of a wire name.
   *
   * @throws WireException if there is none of that name
   */
  public static PauseMode of(String wireName) {
    return WireNames.find(PauseMode.class, "mode", wireName);
  }
}
