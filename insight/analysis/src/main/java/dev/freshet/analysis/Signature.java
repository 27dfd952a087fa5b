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
  STALENESS("staleness"),
  REPLICA_PAUSED("replica-paused"),
  REPLICA_UNKNOWN("replica-unknown"),
  REPLICA_QUARANTINED("replica-quarantined"),
  REPLICA_SLOW("replica-slow"),
  VERSION_SKEW("version-skew"),
  ROLL_BACK("roll-back"),
  WAITED("waited");

  private final String label;

  Signature(String label) {
    this.label = label;
  }

  /** Its name in reports. */
  public String label() {
    return label;
  }
}
