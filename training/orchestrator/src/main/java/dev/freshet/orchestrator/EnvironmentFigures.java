package dev.freshet.orchestrator;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/** The figures of the rollouts of one environment. Not thread-safe. */
final class EnvironmentFigures {
  private final Means means = new Means();
  private final Means metrics = new Means();
  private final Map<String, Integer> failed = new TreeMap<>();
  private int rollouts;

  void add(RolloutResult.Done done) {
    rollouts++;
    means.add("reward", done.reward());
    means.add("turns", done.turns());
    metrics.addAll(done.metrics());
  }

  void add(RolloutResult.Failed rollout) {
    failed.merge(rollout.reason().wireName(), 1, Integer::sum);
  }

  /** The number of rollouts that were scored, their means, and the failed ones by reason. */
  Map<String, Object> line() {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("rollouts", rollouts);
    line.putAll(means.means());
    line.put("metrics", metrics.means());
    line.put("failed", failed);
    return line;
  }
}
