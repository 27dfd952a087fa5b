package dev.freshet.orchestrator;

import dev.freshet.rollouts.Trajectory;

/** The one outcome of a rollout. */
sealed interface RolloutResult {
  /**
   * The episode came to its end.
   *
   * @param finishReason of the last turn: {@code stop} or {@code length}
   */
  record Done(Trajectory trajectory, double reward, String finishReason, int turns)
      implements RolloutResult {}

  /** It failed as often as it may. */
  record Failed(String why) implements RolloutResult {}

  /** Its scope was cancelled. */
  record Cancelled() implements RolloutResult {}
}
