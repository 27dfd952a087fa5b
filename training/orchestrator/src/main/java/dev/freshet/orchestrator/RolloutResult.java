package dev.freshet.orchestrator;

import dev.freshet.rollouts.AgentRollout;
import dev.freshet.rollouts.JournalRecord;
import dev.freshet.rollouts.JournaledRollout;
import dev.freshet.rollouts.Trajectory;
import java.util.List;
import java.util.Map;

/** The outcome of a rollout. */
sealed interface RolloutResult {
  /**
   * The episode ended.
   *
   * @param branches further tokens that share the reward, if an agent's turns are no one sequence
   * @param others what other agents of the episode did, with rewards of their own
   * @param metrics the environment's further figures, finite numbers
   * @param finishReason the reason of the last turn: {@code stop} or {@code length}
   */
  record Done(
      Trajectory trajectory,
      List<Trajectory> branches,
      List<AgentRollout> others,
      double reward,
      Map<String, Double> metrics,
      String finishReason,
      int turns)
      implements RolloutResult {
    /** An episode whose tokens are one sequence. */
    Done(
        Trajectory trajectory,
        double reward,
        Map<String, Double> metrics,
        String finishReason,
        int turns) {
      this(trajectory, List.of(), List.of(), reward, metrics, finishReason, turns);
    }
  }

  /** Every permitted attempt failed; {@code why} is the last error. */
  record Failed(FailureReason reason, String why) implements RolloutResult {}

  /**
   * The outcome that an earlier process journaled.
   *
   * @param rollout with its tokens
   * @param end the record of its end
   */
  static RolloutResult of(JournaledRollout rollout, JournalRecord.OfGroup end) {
    return switch (end) {
      case JournalRecord.Scored scored ->
          new Done(
              rollout.trajectory(),
              rollout.branches(),
              rollout.others(),
              scored.reward(),
              scored.metrics(),
              scored.finishReason(),
              scored.turns());
      case JournalRecord.Failed failed ->
          new Failed(FailureReason.of(failed.reason()), failed.why());
      default -> throw new IllegalArgumentException("not the end of a rollout: " + end);
    };
  }

  /** Its scope was cancelled. */
  record Cancelled() implements RolloutResult {}
}
