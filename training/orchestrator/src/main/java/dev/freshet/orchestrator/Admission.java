package dev.freshet.orchestrator;

/** Whether another group may be dispatched, and if not, why. */
sealed interface Admission {
  /** Another group may be dispatched under this policy version. */
  record Open(long policyVersion) implements Admission {}

  /** A group in flight must end, or a batch must be taken, first. */
  record Full(String reason) implements Admission {}

  /**
   * The staleness bound forbids another group and nothing is in flight: the pipeline has been
   * blocked on weights newer than {@code policyVersion} since {@code sinceNanos}.
   */
  record Held(long policyVersion, long sinceNanos) implements Admission {}

  /** No further group will be dispatched. */
  record Over() implements Admission {}
}
