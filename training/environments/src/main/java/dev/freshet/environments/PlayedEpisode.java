package dev.freshet.environments;

import java.util.List;
import java.util.Map;

/**
 * An episode that a {@link SelfDrivenEnvironment} has played.
 *
 * @param branches what the policy read and sampled, one or more: a conversation whose history the
 *     program rewrote has several. They share the reward. A token that branches have in common is
 *     sampled in one of them only, so that it is trained on once
 * @param reward the score of the attempt, a finite number
 * @param metrics further figures by name, finite numbers; they are reported and not trained on
 * @param others what further agents did whose turns train the policy too
 */
public record PlayedEpisode(
    List<PlayedBranch> branches,
    double reward,
    Map<String, Double> metrics,
    List<PlayedAgent> others) {
  public PlayedEpisode {
    branches = List.copyOf(branches);
    metrics = Map.copyOf(metrics);
    others = List.copyOf(others);
  }

  /** An episode of one agent. */
  public PlayedEpisode(List<PlayedBranch> branches, double reward, Map<String, Double> metrics) {
    this(branches, reward, metrics, List.of());
  }
}
