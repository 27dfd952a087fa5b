package dev.freshet.orchestrator;

/** Whether another group may be dispatched, and if not, what it waits for. */
sealed interface Admission {
  /** Another group may be dispatched under this policy version. */
  record Open(long policyVersion) implements Admission {}

  /** Groups in flight have to end, or a batch has to be taken, first. */
  record Full(String reason) implements Admission {}

  /**
   * The staleness bound forbids another group and nothing is in flight: everything waits for
   * weights newer than {@code policyVersion}, since {@code sinceNanos}.
   */
  record Held(long policyVersion, long sinceNanos) implements Admission {}

  /** No further group will ever be dispatched. */
  record Over() implements Admission {}
}
