package dev.freshet.rollouts;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The rollouts of one problem, from whose comparison each gets its advantage.
 *
 * @param problem the problem's id in its environment
 * @param dispatchVersion the policy version at dispatch, the oldest of the rollouts'
 * @param rollouts one or more, all with this group's id
 * @param branches further tokens of rollouts by their ids: the turns of an agent that are no one
 *     sequence. They share the reward and the advantage of the rollout
 */
public record Group(
    String id,
    String problem,
    int dispatchVersion,
    List<Rollout> rollouts,
    Map<String, List<Trajectory>> branches) {
  public Group {
    rollouts = List.copyOf(rollouts);
    Map<String, List<Trajectory>> copies = new HashMap<>();
    branches.forEach((rollout, trajectories) -> copies.put(rollout, List.copyOf(trajectories)));
    branches = Map.copyOf(copies);
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

  /** A group in which every rollout is one sequence of tokens. */
  public Group(String id, String problem, int dispatchVersion, List<Rollout> rollouts) {
    this(id, problem, dispatchVersion, rollouts, Map.of());
  }

  /**
   * A rollout of this group, with its advantage, and one more for each further branch; their ids
   * are the rollout's with {@code .1}, {@code .2} and so on.
   */
  public List<Rollout> withBranches(Rollout rollout) {
    List<Rollout> all = new ArrayList<>(List.of(rollout));
    for (Trajectory branch : branches.getOrDefault(rollout.id(), List.of())) {
      all.add(rollout.branch(rollout.id() + "." + all.size(), branch));
    }
    return all;
  }

  /** The rewards, one of each rollout. */
  public List<Double> rewards() {
    return rollouts.stream().map(Rollout::reward).toList();
  }

  /** The mean reward. */
  public double meanReward() {
    return rollouts.stream().mapToDouble(Rollout::reward).average().orElseThrow();
  }
}
