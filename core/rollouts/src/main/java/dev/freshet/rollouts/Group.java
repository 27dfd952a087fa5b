package dev.freshet.rollouts;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The rollouts of one problem, from whose comparison each gets its advantage.
 *
 * @param problem the problem's id in its environment
 * @param dispatchVersion the policy version at dispatch, the oldest of the rollouts'
 * @param rollouts one or more, all with this group's id
 * @param branches further tokens of rollouts by their ids: the turns of an agent that are no one
 *     sequence. They share the reward and the advantage of the rollout
 * @param others what other agents did in the episodes of rollouts, by the ids of these
 */
public record Group(
    String id,
    String problem,
    int dispatchVersion,
    List<Rollout> rollouts,
    Map<String, List<Trajectory>> branches,
    Map<String, List<AgentRollout>> others) {
  public Group {
    rollouts = List.copyOf(rollouts);
    Map<String, List<Trajectory>> copies = new HashMap<>();
    branches.forEach((rollout, trajectories) -> copies.put(rollout, List.copyOf(trajectories)));
    branches = Map.copyOf(copies);
    Map<String, List<AgentRollout>> copiesOfOthers = new HashMap<>();
    others.forEach((rollout, agents) -> copiesOfOthers.put(rollout, List.copyOf(agents)));
    others = Map.copyOf(copiesOfOthers);
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
    this(id, problem, dispatchVersion, rollouts, Map.of(), Map.of());
  }

  /**
   * A group for each agent, this group's own agent first, then by name: the rewards of one agent
   * are compared with each other. The others' groups have this group's id with {@code :} and the
   * agent's name. The n-th agent of an episode has the id of the episode's rollout with {@code :n},
   * from 2 on.
   */
  public List<Group> byAgent() {
    if (others.isEmpty()) {
      return List.of(this);
    }
    Map<String, List<Rollout>> attempts = new TreeMap<>(Map.of("", new ArrayList<>(rollouts)));
    Map<String, List<Trajectory>> branchesOfAll = new HashMap<>(branches);
    for (Rollout rollout : rollouts) {
      int number = 1;
      for (AgentRollout other : others.getOrDefault(rollout.id(), List.of())) {
        number++;
        String otherId = rollout.id() + ":" + number;
        attempts
            .computeIfAbsent(other.agent(), _ -> new ArrayList<>())
            .add(rollout.of(other, otherId, idOf(other.agent())));
        branchesOfAll.put(otherId, other.trajectories().subList(1, other.trajectories().size()));
      }
    }
    return attempts.entrySet().stream()
        .map(
            agent ->
                new Group(
                    idOf(agent.getKey()),
                    problem,
                    dispatchVersion,
                    agent.getValue(),
                    branchesOfAll,
                    Map.of()))
        .toList();
  }

  private String idOf(String agent) {
    return agent.isEmpty() ? id : id + ":" + agent;
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
