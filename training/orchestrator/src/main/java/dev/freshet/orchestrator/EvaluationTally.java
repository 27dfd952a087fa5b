package dev.freshet.orchestrator;

import java.util.List;

/** Sums up the answers of an evaluation on one environment. Not thread-safe. */
final class EvaluationTally {
  private final double passReward;
  private final Means means = new Means();
  private double reward;
  private int scored;
  private int passed;
  private int problems;
  private int problemsPassed;
  private int failed;
  private boolean cancelled;
  private String why = "";

  /**
   * @param passReward the reward from which on an answer passes
   */
  EvaluationTally(double passReward) {
    this.passReward = passReward;
  }

  /** Adds the answers to one problem. */
  void add(List<RolloutResult> answers) {
    int scoredBefore = scored;
    int passedBefore = passed;
    for (RolloutResult answer : answers) {
      switch (answer) {
        case RolloutResult.Done d -> {
          scored++;
          reward += d.reward();
          passed += d.reward() >= passReward ? 1 : 0;
          means.addAll(d.metrics());
        }
        case RolloutResult.Failed f -> {
          failed++;
          why = f.why();
        }
        case RolloutResult.Cancelled c -> cancelled = true;
      }
    }
    problems += scored > scoredBefore ? 1 : 0;
    problemsPassed += passed > passedBefore ? 1 : 0;
  }

  /** Whether an answer was cancelled, so that there is no result. */
  boolean cancelled() {
    return cancelled;
  }

  /**
   * @throws OrchestratorException if no answer was scored
   */
  EvaluationResult.OfEnvironment result(String environment, long version) {
    if (scored == 0) {
      throw new OrchestratorException(
          "evaluation of version %d on %s: all %d answers failed, the last: %s"
              .formatted(version, environment, failed, why));
    }
    return new EvaluationResult.OfEnvironment(
        environment,
        reward / scored,
        (double) passed / scored,
        (double) problemsPassed / problems,
        problems,
        failed,
        means.means());
  }
}
