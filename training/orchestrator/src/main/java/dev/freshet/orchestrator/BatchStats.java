package dev.freshet.orchestrator;

import dev.freshet.rollouts.Rollout;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What a training batch is like.
 *
 * @param step of the batch, from 1
 * @param rollouts how many it has
 * @param reward their mean reward
 * @param turns their mean number of turns
 * @param truncated how many were cut off by the token limit
 * @param stalenessMean of (step − 1) − policy version at dispatch
 * @param stalenessMax of the same
 * @param maxOffPolicy of (step − 1) − the version of a generated token: the oldest token's
 * @param tokens generated tokens
 * @param durMs from the first of them being collected to the last
 */
record BatchStats(
    long step,
    int rollouts,
    double reward,
    double turns,
    long truncated,
    double stalenessMean,
    long stalenessMax,
    long maxOffPolicy,
    long tokens,
    double durMs) {

  static BatchStats of(long step, List<Rollout> rollouts, double durMs) {
    long policy = step - 1;
    return new BatchStats(
        step,
        rollouts.size(),
        mean(rollouts, Rollout::reward),
        mean(rollouts, Rollout::turns),
        rollouts.stream().filter(Rollout::truncated).count(),
        mean(rollouts, r -> policy - r.dispatchVersion()),
        rollouts.stream().mapToLong(r -> policy - r.dispatchVersion()).max().orElse(0),
        rollouts.stream()
            .flatMapToInt(r -> Arrays.stream(r.trajectory().policyVersions()))
            .filter(version -> version >= 0)
            .mapToLong(version -> policy - version)
            .max()
            .orElse(0),
        rollouts.stream().mapToLong(r -> r.trajectory().generatedCount()).sum(),
        durMs);
  }

  /** The share cut off by the token limit, in percent. */
  double truncPct() {
    return rollouts == 0 ? 0 : 100.0 * truncated / rollouts;
  }

  /** The same for the page of metrics. */
  OrchestratorMetrics.Batch counted() {
    return new OrchestratorMetrics.Batch(
        step, rollouts, truncated, tokens, reward, stalenessMean, stalenessMax, durMs);
  }

  private static double mean(List<Rollout> rollouts, ToDoubleFunction<Rollout> figure) {
    return rollouts.stream().mapToDouble(figure).average().orElse(0);
  }
}
