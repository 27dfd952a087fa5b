package dev.freshet.rollouts;

import java.util.List;

/**
 * The rollouts of one problem, compared with each other to find each one's advantage.
 *
 * @param problem the problem's id in its environment
 * @param dispatchVersion the policy version when the group was sent off: the oldest of its rollouts
 * @param rollouts one or more, all of this group
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
            "group '%s': rollout '%s' is of group '%s', expected its own"
                .formatted(id, rollout.id(), rollout.groupId()));
      }
    }
  }

  /** The mean of the rollouts' rewards. */
  public double meanReward() {
    return rollouts.stream().mapToDouble(Rollout::reward).average().orElseThrow();
  }

  /** Whether all rewards are equal: nothing tells the rollouts apart, so none has an advantage. */
  public boolean zeroAdvantage() {
    double first = rollouts.getFirst().reward();
    return rollouts.stream().allMatch(rollout -> rollout.reward() == first);
  }
}
