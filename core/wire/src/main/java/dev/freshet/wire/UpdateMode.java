package dev.freshet.wire;

/** What a weight update does to the completions that are being generated. */
public enum UpdateMode {
  /** They go on with the KV cache they have. */
  KEEP,
  /** They go on after their KV cache is rebuilt under the new weights. */
  RECOMPUTE,
  /** They end first; new requests wait. */
  DRAIN,
  /** They end at once with finish reason {@code abort}. */
  ABORT;

  /** The name on the wire. */
  public String wireName() {
    return WireNames.of(this);
  }

  /**
   * The mode of a wire name.
   *
   * @throws WireException if there is none of that name
   */
  public static UpdateMode of(String wireName) {
    return WireNames.find(UpdateMode.class, "mode", wireName);
  }
}
