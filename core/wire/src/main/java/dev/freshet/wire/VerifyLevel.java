package dev.freshet.wire;

/** How much of a checkpoint is verified before it is served. */
public enum VerifyLevel {
  /**
   * Everything: files, sizes, types, shapes, the checksum of every tensor, and that all values are
   * finite.
   */
  FULL,
  /** Everything but the content of tensors; the caller vouches for the bytes. */
  SIZE;

  /** The name on the wire. */
  public String wireName() {
    return WireNames.of(this);
  }

  /**
   * The level with a wire name.
   *
   * @throws WireException if there is none
   */
  public static VerifyLevel of(String wireName) {
    return WireNames.find(VerifyLevel.class, "verify", wireName);
  }
}
