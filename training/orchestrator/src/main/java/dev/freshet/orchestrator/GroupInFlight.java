package dev.freshet.orchestrator;

import dev.freshet.client.Calls;
import dev.freshet.environments.Environment;
import dev.freshet.environments.Problem;
import dev.freshet.rollouts.AgentRollout;
import dev.freshet.rollouts.Group;
import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.SamplingDistribution;
import dev.freshet.rollouts.Trajectory;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A group whose rollouts are being generated. Each rollout ends once; the last one determines the
 * group's outcome. Failed rollouts are left out of a group in which at least half, and two, did not
 * fail. Its rollouts are in the order of their indices. Thread-safe.
 */
final class GroupInFlight {
  private final long number;
  private final Environment environment;
  private final Problem problem;
  private final int dispatchVersion;
  private final SamplingDistribution sampling;
  private final int size;
  private final Calls calls = new Calls();

  /** By index in the group, whichever ended first. */
  private final SortedMap<Integer, Rollout> done = new TreeMap<>();

  private final Map<String, List<Trajectory>> branches = new HashMap<>();
  private final Map<String, List<AgentRollout>> others = new HashMap<>();
  private int ended;
  private boolean cancelled;

  /**
   * @param number from 0, in the order of dispatch
   */
  GroupInFlight(
      long number,
      Environment environment,
      Problem problem,
      long dispatchVersion,
      SamplingDistribution sampling,
      int size) {
    this.number = number;
    this.environment = environment;
    this.problem = problem;
    this.dispatchVersion = Math.toIntExact(dispatchVersion);
    this.sampling = sampling;
    this.size = size;
  }

  /** Its number in the order of dispatch. */
  long number() {
    return number;
  }

  private String id() {
    return "g" + number;
  }

  Environment environment() {
    return environment;
  }

  Problem problem() {
    return problem;
  }

  /** The policy version when it was dispatched. */
  int dispatchVersion() {
    return dispatchVersion;
  }

  /** Cancels its rollouts. */
  Calls calls() {
    return calls;
  }

  /** The id of one of its rollouts. */
  String rolloutId(int index) {
    return id() + "-" + index;
  }

  /** Records the result of one rollout; the last one returns the group's outcome. */
  synchronized Optional<GroupOutcome> ended(int index, RolloutResult result) {
    ended++;
    switch (result) {
      case RolloutResult.Done d -> {
        done.put(index, rollout(index, d));
        branches.put(rolloutId(index), d.branches());
        if (!d.others().isEmpty()) {
          others.put(rolloutId(index), d.others());
        }
      }
      case RolloutResult.Failed f -> {}
      case RolloutResult.Cancelled c -> cancelled = true;
    }
    return ended == size ? Optional.of(outcome()) : Optional.empty();
  }

  /** The rollouts that have ended so far. */
  synchronized List<Rollout> done() {
    return List.copyOf(done.values());
  }

  /** The number of its rollouts. */
  int size() {
    return size;
  }

  private Rollout rollout(int index, RolloutResult.Done result) {
    return new Rollout(
        rolloutId(index),
        id(),
        environment.name(),
        problem.text(),
        result.trajectory(),
        result.reward(),
        0,
        result.finishReason(),
        result.turns(),
        dispatchVersion,
        sampling);
  }

  private GroupOutcome outcome() {
    if (cancelled) {
      return new GroupOutcome.Dropped();
    }
    boolean enough = done.size() == size || (done.size() >= 2 && 2 * done.size() >= size);
    return enough
        ? new GroupOutcome.Complete(
            new Group(
                id(),
                problem.text(),
                dispatchVersion,
                List.copyOf(done.values()),
                branches,
                others))
        : new GroupOutcome.Failed();
  }
}
