package dev.freshet.wire;

/** How far a weight update goes. */
public enum UpdatePhase {
  /** Prepare and commit. */
  ALL,
  /**
   * The checkpoint is mapped, verified and built while decoding continues, and stays ready; the old
   * weights keep serving.
   */
  PREPARE,
  /** The prepared weights are swapped in between two decode steps. */
  COMMIT,
  /**
   * The update is undone: prepared weights are dropped; committed ones are replaced by the previous
   * version.
   */
  ROLLBACK;

  /** The name on the wire. */
  public String wireName() {
    return WireNames.of(this);
  }

  /**
   * The phase with a wire name.
   *
   * @throws WireException if there is none
   */
  public static UpdatePhase of(String wireName) {
    return WireNames.find(UpdatePhase.class, "phase", wireName);
  }
}
