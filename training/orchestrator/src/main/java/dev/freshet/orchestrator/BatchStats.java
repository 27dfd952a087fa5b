package dev.freshet.orchestrator;

import dev.freshet.rollouts.Rollout;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * The statistics of a training batch, over all rollouts of its groups unless said otherwise.
 *
 * @param step the step that trains on it, from 1
 * @param policyVersion the version that was served when its groups were chosen
 * @param rollouts the number of rollouts
 * @param reward the mean reward
 * @param turns the mean number of turns
 * @param truncated the number of rollouts truncated by the token limit
 * @param stalenessMean the mean of (step − 1) − policy version at dispatch
 * @param stalenessMax the maximum of the same
 * @param maxOffPolicy (step − 1) − the policy version of the oldest generated token
 * @param tokens the number of generated tokens
 * @param kept the number of rollouts that are trained on, each branch of an agent's counted
 * @param keptTokens the number of their generated tokens
 * @param durMs from the first completion of the batch in flight to its last group
 * @param stragglerMs the part of it in which the batch was complete and waited for groups in flight
 */
record BatchStats(
    long step,
    long policyVersion,
    int rollouts,
    double reward,
    double turns,
    long truncated,
    double stalenessMean,
    long stalenessMax,
    long maxOffPolicy,
    long tokens,
    int kept,
    long keptTokens,
    double durMs,
    double stragglerMs) {

  /**
   * @param rollouts the rollouts of the groups
   * @param branches the same with their further branches
   * @param kept those of the branches that are trained on
   */
  static BatchStats of(
      long step,
      long policyVersion,
      List<Rollout> rollouts,
      List<Rollout> branches,
      List<Rollout> kept,
      double durMs,
      double stragglerMs) {
    long policy = step - 1;
    return new BatchStats(
        step,
        policyVersion,
        rollouts.size(),
        mean(rollouts, Rollout::reward),
        mean(rollouts, Rollout::turns),
        rollouts.stream().filter(Rollout::truncated).count(),
        mean(rollouts, r -> policy - r.dispatchVersion()),
        rollouts.stream().mapToLong(r -> policy - r.dispatchVersion()).max().orElse(0),
        branches.stream()
            .flatMapToInt(r -> Arrays.stream(r.trajectory().policyVersions()))
            .filter(version -> version >= 0)
            .mapToLong(version -> policy - version)
            .max()
            .orElse(0),
        tokens(branches),
        kept.size(),
        tokens(kept),
        durMs,
        stragglerMs);
  }

  private static long tokens(List<Rollout> rollouts) {
    return rollouts.stream().mapToLong(r -> r.trajectory().generatedCount()).sum();
  }

  /** The share of rollouts truncated by the token limit, in percent. */
  double truncPct() {
    return rollouts == 0 ? 0 : 100.0 * truncated / rollouts;
  }

  /** The statistics that the metrics page shows. */
  OrchestratorMetrics.Batch metrics() {
    return new OrchestratorMetrics.Batch(
        step, rollouts, truncated, tokens, reward, stalenessMean, stalenessMax, durMs);
  }

  private static double mean(List<Rollout> rollouts, ToDoubleFunction<Rollout> figure) {
    return rollouts.stream().mapToDouble(figure).average().orElse(0);
  }
}
