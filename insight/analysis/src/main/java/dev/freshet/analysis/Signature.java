package dev.freshet.analysis;

/** The problems that a diagnosis recognizes. */
public enum Signature {
  FRONT_END_QUEUE("front-end-queue"),
  ENGINE_RELOAD("engine-reload"),
  RPC_TREND("rpc-trend"),
  CHECKPOINT_WRITE("checkpoint-write"),
  CHECKPOINT_WAIT("checkpoint-wait"),
  CONTENTION("contention"),
  ROLLOUT_QUALITY("rollout-quality"),
  STALENESS("staleness");

  private final String label;

  Signature(String label) {
    this.label = label;
  }

  /** Its name in reports. */
  public String label() {
    return label;
  }
}
