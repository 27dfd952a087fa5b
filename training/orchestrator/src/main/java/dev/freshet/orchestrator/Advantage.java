package dev.freshet.orchestrator;

import dev.freshet.rollouts.Group;
import dev.freshet.rollouts.Rollout;
import java.util.Arrays;
import java.util.List;

/** How much better than its group a rollout was. */
public enum Advantage {
  /** Reward minus the group's mean. */
  MEAN("mean"),

  /**
   * Reward minus the group's mean, over the group's standard deviation (of the whole population).
   * From DeepSeekMath, arXiv 2402.03300, section 4.1.
   */
  GRPO("grpo");

  private final String configName;

  Advantage(String configName) {
    this.configName = configName;
  }

  /** The name in a configuration. */
  public String configName() {
    return configName;
  }

  /** The rule of a configuration's name. */
  public static Advantage named(String name) {
    return Arrays.stream(values())
        .filter(rule -> rule.configName.equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "advantage '%s': expected mean or grpo".formatted(name)));
  }

  /** The group's rollouts with their advantages; exactly 0 if all rewards are equal. */
  List<Rollout> apply(Group group) {
    if (group.zeroAdvantage()) {
      return group.rollouts().stream().map(r -> r.withAdvantage(0)).toList();
    }
    double mean = group.meanReward();
    double scale = this == GRPO ? standardDeviation(group, mean) : 1;
    return group.rollouts().stream()
        .map(r -> r.withAdvantage((r.reward() - mean) / scale))
        .toList();
  }

  private static double standardDeviation(Group group, double mean) {
    return Math.sqrt(
        group.rollouts().stream()
            .mapToDouble(r -> (r.reward() - mean) * (r.reward() - mean))
            .average()
            .orElse(0));
  }
}
