package dev.freshet.trace.time;

import java.util.Locale;

/**
 * What a role, or a server as its orchestrator sees it, does or waits for. The names in lower case
 * are those in logs, metrics and reports.
 */
public enum RoleState {
  /** At least one completion runs. */
  GENERATING("generation"),
  /** No completion runs; at least one rollout waits for an answer of its environment. */
  ENVIRONMENT("environments"),
  /** Every rollout waits for a server, or for a place at its environment. */
  PLACE("a free server or a free place at an environment"),
  /** Weights are being changed, and nothing is generated. */
  UPDATING("weight updates"),
  /** The staleness bound forbids another group, and none is left: newer weights are needed. */
  HELD("weights newer than those that are served"),
  /** The trainer has no batch; the orchestrator makes one. */
  BATCH("batches"),
  /** Held-out problems are evaluated, and training waits. */
  EVALUATING("evaluation before and after training"),
  /** A training step. */
  TRAINING("training steps"),
  /** The weights are copied after a step. */
  SNAPSHOT("copies of the weights"),
  /** The next copy waits until the one before is on disk. */
  PUBLISHING("writes of checkpoints"),
  /** An operator or a client has paused generation. */
  PAUSED("the resume of a paused engine"),
  /** An engine without a step to take, or a server without a completion. */
  IDLE("requests"),
  /** None of the others: the code between them. */
  OTHER("code between the named states");

  private final String waitedFor;

  RoleState(String waitedFor) {
    this.waitedFor = waitedFor;
  }

  /** Its name in logs, metrics and reports. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The key of its duration in milliseconds. */
  public String field() {
    return wireName() + "_ms";
  }

  /** What the time went to, worded to follow "went to". */
  public String waitedFor() {
    return waitedFor;
  }
}
