package dev.freshet.rollouts;

import java.util.List;

/**
 * The rollouts of one problem, from whose comparison each gets its advantage.
 *
 * @param problem the problem's id in its environment
 * @param dispatchVersion the policy version at dispatch, the oldest of the rollouts'
 * @param rollouts one or more, all with this group's id
 */
public record Group(String id, String problem, int dispatchVersion, List<Rollout> rollouts) {
  public Group {
    rollouts = List.copyOf(rollouts);
    if (rollouts.isEmpty()) {
      throw new IllegalArgumentException(
          "group '%s': no rollouts, expected one or more".formatted(id));
    }
    for (Rollout rollout : rollouts) {
      if (!rollout.groupId().equals(id)) {
        throw new IllegalArgumentException(
            "group '%s': rollout '%s' has group id '%s', expected the group's own"
                .formatted(id, rollout.id(), rollout.groupId()));
      }
    }
  }

  /** The mean reward. */
  public double meanReward() {
    return rollouts.stream().mapToDouble(Rollout::reward).average().orElseThrow();
  }
}
