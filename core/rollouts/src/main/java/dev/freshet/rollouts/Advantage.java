package dev.freshet.rollouts;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How much better a rollout is than others. With the rewards r₁ … r_G of its group, their mean μ
 * and their standard deviation σ (of the population, divided by G), and μ(x), σ(x) those of x over
 * all rollouts of the batch:
 *
 * <pre>
 *   mean:        Aᵢ = rᵢ − μ
 *   grpo:        Aᵢ = (rᵢ − μ) / (σ + ε)                    ε = 1e-6
 *   rloo:        Aᵢ = rᵢ − mean of the other rewards = (rᵢ − μ)·G / (G − 1)
 *   batch:       Aᵢ = (rᵢ − μ(r)) / (σ(r) + ε)
 *   mean_batch:  Aᵢ = (dᵢ − μ(d)) / (σ(d) + ε)              d = r − μ
 * </pre>
 *
 * <p>ε bounds what noise in nearly equal rewards can amount to. Rewards that differ by no more than
 * 1e-6 · max(1, max |rᵢ|), about the precision of 32-bit floats, count as equal: every advantage of
 * such a group, or with batch of such a batch, is exactly 0. Rewards are finite, which {@link
 * Rollout} guarantees.
 */
public enum Advantage {
  /** Dr. GRPO's, arXiv 2503.20783. */
  MEAN,

  /** From DeepSeekMath, arXiv 2402.03300, section 4.1; ε as in its common implementations. */
  GRPO,

  /** Leave one out, arXiv 2402.14740, equation 8. */
  RLOO,

  /** REINFORCE++, arXiv 2501.03262. */
  BATCH,

  /** REINFORCE++ with the group's mean as baseline, arXiv 2501.03262. */
  MEAN_BATCH;

  static final double EPSILON = 1e-6;

  /** The spread of equal rewards, relative to the largest magnitude or to 1. */
  static final double TOLERANCE = 1e-6;

  /** Whether the group's rewards are equal within the tolerance. */
  public static boolean equalRewards(Group group) {
    return equal(rewards(group));
  }

  /** Whether a group of equal rewards has no advantages, whatever the rest of its batch. */
  public boolean comparesWithinGroups() {
    return this != BATCH;
  }

  /** The rollouts of a batch, in the order of its groups, with their advantages. */
  public List<Rollout> apply(List<Group> batch) {
    List<double[]> rewards = batch.stream().map(Advantage::rewards).toList();
    List<double[]> advantages =
        switch (this) {
          case MEAN -> rewards.stream().map(group -> centred(group, 1)).toList();
          case GRPO -> rewards.stream().map(Advantage::normalized).toList();
          case RLOO -> rewards.stream().map(Advantage::leaveOneOut).toList();
          case BATCH -> overBatch(rewards);
          case MEAN_BATCH -> overBatch(rewards.stream().map(group -> centred(group, 1)).toList());
        };
    List<Rollout> rollouts = new ArrayList<>();
    for (int g = 0; g < batch.size(); g++) {
      List<Rollout> group = batch.get(g).rollouts();
      for (int i = 0; i < group.size(); i++) {
        rollouts.add(group.get(i).withAdvantage(advantages.get(g)[i]));
      }
    }
    return rollouts;
  }

  private static List<double[]> overBatch(List<double[]> groups) {
    double[] all = normalized(groups.stream().flatMapToDouble(Arrays::stream).toArray());
    List<double[]> parts = new ArrayList<>();
    int at = 0;
    for (double[] group : groups) {
      parts.add(Arrays.copyOfRange(all, at, at + group.length));
      at += group.length;
    }
    return parts;
  }

  private static double[] leaveOneOut(double[] values) {
    return values.length == 1
        ? new double[1]
        : centred(values, values.length / (values.length - 1.0));
  }

  /** The differences from the mean, times {@code factor}; 0 if the values are equal. */
  private static double[] centred(double[] values, double factor) {
    if (equal(values)) {
      return new double[values.length];
    }
    double scale = scale(values);
    double mean = mean(values, scale);
    return Arrays.stream(values).map(value -> (value / scale - mean) * (scale * factor)).toArray();
  }

  /** The differences from the mean in standard deviations; 0 if the values are equal. */
  private static double[] normalized(double[] values) {
    if (equal(values)) {
      return new double[values.length];
    }
    double scale = scale(values);
    double mean = mean(values, scale);
    double factor = 1 / (standardDeviation(values, scale, mean) + EPSILON / scale);
    return Arrays.stream(values).map(value -> (value / scale - mean) * factor).toArray();
  }

  private static boolean equal(double[] values) {
    double scale = scale(values);
    double lowest = Arrays.stream(values).min().orElseThrow();
    double highest = Arrays.stream(values).max().orElseThrow();
    return highest / scale - lowest / scale <= TOLERANCE * Math.max(1, magnitude(values)) / scale;
  }

  private static double[] rewards(Group group) {
    return group.rollouts().stream().mapToDouble(Rollout::reward).toArray();
  }

  private static double magnitude(double[] values) {
    return Arrays.stream(values).map(Math::abs).max().orElseThrow();
  }

  /**
   * A power of two, by which values are divided exactly before they are subtracted, summed and
   * squared, so that nothing overflows.
   */
  private static double scale(double[] values) {
    return Math.scalb(1.0, Math.max(0, Math.getExponent(magnitude(values))));
  }

  /** The mean of the scaled values. */
  private static double mean(double[] values, double scale) {
    return Arrays.stream(values).map(value -> value / scale).average().orElseThrow();
  }

  /** The standard deviation of the scaled values. */
  private static double standardDeviation(double[] values, double scale, double mean) {
    return Math.sqrt(
        Arrays.stream(values)
            .map(value -> value / scale - mean)
            .map(difference -> difference * difference)
            .average()
            .orElseThrow());
  }
}
