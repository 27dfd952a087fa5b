package dev.freshet.rollouts;

import java.util.List;

/**
 * What another agent did in the episode of a rollout. Its turns train the policy too, with a reward
 * of their own, which is compared with the rewards of the same agent only.
 *
 * @param agent its name; empty: that of the rollout, for a further attempt of the same agent
 * @param finishReason why its last turn ended, as in {@link Rollout}
 * @param turns the number of its turns
 * @param trajectories one or more: its tokens, then those of its further branches
 */
public record AgentRollout(
    String agent, double reward, String finishReason, int turns, List<Trajectory> trajectories) {
  public AgentRollout {
    trajectories = List.copyOf(trajectories);
    if (trajectories.isEmpty()) {
      throw new IllegalArgumentException(
          "agent '%s': no trajectory, expected one or more".formatted(agent));
    }
  }
}
