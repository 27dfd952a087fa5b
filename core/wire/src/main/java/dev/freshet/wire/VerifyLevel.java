package dev.freshet.wire;

/** How much of a checkpoint is checked before it is served. */
public enum VerifyLevel {
  /**
   * Everything: files, sizes, types, shapes, the checksum of every tensor, and that all is finite.
   */
  FULL,
  /** All but the content of tensors: whoever asks for it vouches for the bytes. */
  SIZE;

  /** The name on the wire. */
  public String wireName() {
    return WireNames.of(this);
  }

  /**
   * The level of a wire name.
   *
   * @throws WireException if there is none of that name
   */
  public static VerifyLevel of(String wireName) {
    return WireNames.find(VerifyLevel.class, "verify", wireName);
  }
}
