package dev.freshet.rollouts;

/**
 * One scored attempt of the policy at a problem.
 *
 * @param groupId the group of attempts at the same problem
 * @param environment the name of the problem's environment
 * @param problem the problem's id in its environment
 * @param reward the environment's score
 * @param advantage how much better it was than its group; 0 until computed
 * @param finishReason why the last turn ended: {@code stop}, {@code length} or {@code abort}
 * @param turns the number of turns of the policy
 * @param dispatchVersion the policy version when the rollout was dispatched
 * @param sampling the distribution of all its generated tokens
 */
public record Rollout(
    String id,
    String groupId,
    String environment,
    String problem,
    Trajectory trajectory,
    double reward,
    double advantage,
    String finishReason,
    int turns,
    int dispatchVersion,
    SamplingDistribution sampling) {

  public Rollout {
    if (!Double.isFinite(reward) || !Double.isFinite(advantage)) {
      throw new InvalidRolloutException(
          UnusableRollout.Reason.ADVANTAGE,
          "rollout '%s': reward %s and advantage %s, expected finite numbers"
              .formatted(id, reward, advantage));
    }
    if (turns < 0 || dispatchVersion < 0) {
      throw new InvalidRolloutException(
          UnusableRollout.Reason.COUNT,
          "rollout '%s': %d turns and dispatch version %d, expected 0 or above"
              .formatted(id, turns, dispatchVersion));
    }
  }

  /** Whether the token limit ended the last turn. */
  public boolean truncated() {
    return finishReason.equals("length");
  }

  /** The same rollout with another advantage. */
  public Rollout withAdvantage(double known) {
    return with(reward, known);
  }

  /** The same rollout with another reward. */
  public Rollout withReward(double given) {
    return with(given, advantage);
  }

  /** A branch of the same attempt. */
  Rollout branch(String branchId, Trajectory tokens) {
    return new Rollout(
        branchId,
        groupId,
        environment,
        problem,
        tokens,
        reward,
        advantage,
        finishReason,
        turns,
        dispatchVersion,
        sampling);
  }

  /** What another agent did in the same episode. */
  Rollout of(AgentRollout other, String otherId, String otherGroup) {
    return new Rollout(
        otherId,
        otherGroup,
        environment,
        problem,
        other.trajectories().getFirst(),
        other.reward(),
        0,
        other.finishReason(),
        other.turns(),
        dispatchVersion,
        sampling);
  }

  private Rollout with(double otherReward, double otherAdvantage) {
    return new Rollout(
        id,
        groupId,
        environment,
        problem,
        trajectory,
        otherReward,
        otherAdvantage,
        finishReason,
        turns,
        dispatchVersion,
        sampling);
  }
}
