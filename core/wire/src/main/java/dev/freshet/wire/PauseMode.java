package dev.freshet.wire;

/**
 * What a pause does to running completions. Requests that arrive while the server is paused wait
 * until it resumes.
 */
public enum PauseMode {
  /** They end at once with {@code finish_reason: "abort"}. */
  ABORT,
  /** They run to their end; the pause takes effect after the last. */
  WAIT,
  /** They are suspended, and continue after the pause. */
  KEEP;

  /** The name on the wire. */
  public String wireName() {
    return WireNames.of(this);
  }

  /**
   * The mode with a wire name.
   *
   * @throws WireException if there is none
   */
  public static PauseMode of(String wireName) {
    return WireNames.find(PauseMode.class, "mode", wireName);
  }
}
