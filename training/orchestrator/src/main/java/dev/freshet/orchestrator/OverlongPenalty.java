package dev.freshet.orchestrator;

import dev.freshet.rollouts.Group;
import dev.freshet.rollouts.Rollout;

/**
 * DAPO's soft penalty on over-long answers (arXiv 2503.14476, equation 13), which is added to the
 * reward before advantages are computed. With L the tokens of a rollout's longest turn:
 *
 * <pre>
 *   L ≤ maxTokens − buffer:   0
 *   up to L = maxTokens:      (maxTokens − buffer − L) / buffer, which is −1 at the end
 *   above:                    −1
 * </pre>
 *
 * @param maxTokens the most tokens of a turn
 * @param buffer the tokens over which the penalty grows; 0 for no penalty
 */
record OverlongPenalty(int maxTokens, int buffer) {
  /** The penalty of a turn of so many tokens, −1 to 0. */
  double of(int tokens) {
    return buffer == 0 ? 0 : Math.clamp((double) (maxTokens - buffer - tokens) / buffer, -1.0, 0.0);
  }

  /** The group with the rewards that its advantages are computed from. */
  Group shaped(Group group) {
    return buffer == 0
        ? group
        : new Group(
            group.id(),
            group.problem(),
            group.dispatchVersion(),
            group.rollouts().stream().map(this::shaped).toList());
  }

  private Rollout shaped(Rollout rollout) {
    return rollout.withReward(rollout.reward() + of(rollout.trajectory().longestTurn()));
  }
}
