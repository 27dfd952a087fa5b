package dev.freshet.orchestrator;

import dev.freshet.rollouts.Group;
import dev.freshet.rollouts.Rollout;
import java.util.Arrays;
import java.util.List;

/**
 * How much better a rollout is than its group. With rewards r₁ … r_G, their mean μ and their
 * standard deviation σ (of the population, divided by G):
 *
 * <pre>
 *   mean:  Aᵢ = rᵢ − μ
 *   grpo:  Aᵢ = (rᵢ − μ) / (σ + ε)     ε = 1e-6
 * </pre>
 *
 * <p>ε bounds what noise in nearly equal rewards can amount to. Rewards that differ by no more than
 * 1e-6 · max(1, max |rᵢ|), about the precision of 32-bit floats, count as equal: every advantage of
 * such a group is exactly 0. Rewards are finite, which {@link Rollout} guarantees.
 */
public enum Advantage {
  MEAN,

  /** From DeepSeekMath, arXiv 2402.03300, section 4.1; ε as in its common implementations. */
  GRPO;

  static final double EPSILON = 1e-6;

  /** The spread of equal rewards, relative to the largest magnitude or to 1. */
  static final double TOLERANCE = 1e-6;

  /** Whether the group's rewards are equal within the tolerance, so that it teaches nothing. */
  static boolean equalRewards(Group group) {
    double[] rewards = rewards(group);
    double scale = scale(rewards);
    double lowest = Arrays.stream(rewards).min().orElseThrow();
    double highest = Arrays.stream(rewards).max().orElseThrow();
    return highest / scale - lowest / scale <= TOLERANCE * Math.max(1, magnitude(rewards)) / scale;
  }

  /** The group's rollouts with their advantages. */
  List<Rollout> apply(Group group) {
    if (equalRewards(group)) {
      return group.rollouts().stream().map(rollout -> rollout.withAdvantage(0)).toList();
    }
    double[] rewards = rewards(group);
    double scale = scale(rewards);
    double mean = Arrays.stream(rewards).map(reward -> reward / scale).average().orElseThrow();
    double factor =
        switch (this) {
          case MEAN -> scale;
          case GRPO -> 1 / (standardDeviation(rewards, scale, mean) + EPSILON / scale);
        };
    return group.rollouts().stream()
        .map(rollout -> rollout.withAdvantage((rollout.reward() / scale - mean) * factor))
        .toList();
  }

  private static double[] rewards(Group group) {
    return group.rollouts().stream().mapToDouble(Rollout::reward).toArray();
  }

  private static double magnitude(double[] rewards) {
    return Arrays.stream(rewards).map(Math::abs).max().orElseThrow();
  }

  /**
   * A power of two, by which rewards are divided exactly before they are subtracted, summed and
   * squared, so that nothing overflows.
   */
  private static double scale(double[] rewards) {
    return Math.scalb(1.0, Math.max(0, Math.getExponent(magnitude(rewards))));
  }

  /** The standard deviation of the scaled rewards. */
  private static double standardDeviation(double[] rewards, double scale, double mean) {
    return Math.sqrt(
        Arrays.stream(rewards)
            .map(reward -> reward / scale - mean)
            .map(difference -> difference * difference)
            .average()
            .orElseThrow());
  }
}
