package dev.freshet.wire;

/** What a weight update does to running completions. */
public enum UpdateMode {
  /** They continue with their KV cache. */
  KEEP,
  /** They continue after their KV cache is rebuilt under the new weights. */
  RECOMPUTE,
  /** The update waits until they end; new requests wait for the update. */
  DRAIN,
  /** They end at once with {@code finish_reason: "abort"}. */
  ABORT;

  /** The name on the wire. */
  public String wireName() {
    return WireNames.of(this);
  }

  /**
   * The mode with a wire name.
   *
   * @throws WireException if there is none
   */
  public static UpdateMode of(String wireName) {
    return WireNames.find(UpdateMode.class, "mode", wireName);
  }
}
