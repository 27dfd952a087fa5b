package dev.freshet.wire;

/** How far a weight update goes. */
public enum UpdatePhase {
  /** Prepare and commit. */
  ALL,
  /**
   * The checkpoint is mapped, verified and built beside decoding, and stays ready; what serves goes
   * on serving.
   */
  PREPARE,
  /** What was prepared is swapped in between two decode steps. */
  COMMIT,
  /**
   * The update is undone: what was prepared is dropped, what was committed gives way to the version
   * before it.
   */
  ROLLBACK;

  /** The name on the wire. */
  public String wireName() {
    return WireNames.of(this);
  }

  /**
   * The phase of a wire name.
   *
   * @throws WireException if there is none of that name
   */
  public static UpdatePhase of(String wireName) {
    return WireNames.find(UpdatePhase.class, "phase", wireName);
  }
}
