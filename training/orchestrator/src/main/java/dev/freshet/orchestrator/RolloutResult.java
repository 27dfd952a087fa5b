package dev.freshet.orchestrator;

import dev.freshet.rollouts.Trajectory;

/** The outcome of a rollout. */
sealed interface RolloutResult {
  /**
   * The episode ended.
   *
   * @param finishReason the reason of the last turn: {@code stop} or {@code length}
   */
  record Done(Trajectory trajectory, double reward, String finishReason, int turns)
      implements RolloutResult {}

  /** Every permitted attempt failed; {@code why} is the last error. */
  record Failed(String why) implements RolloutResult {}

  /** Its scope was cancelled. */
  record Cancelled() implements RolloutResult {}
}
