package dev.freshet.orchestrator;

import java.util.List;
import java.util.Map;

/**
 * The result of an evaluation on the held-out problems.
 *
 * @param policyVersion the version served when it started
 * @param newestVersion the version served when it ended; greater if weights were updated meanwhile
 * @param samples the number of answers to each problem, k
 * @param environments the result on each environment, in the order of the configuration
 * @param durMs its duration
 */
public record EvaluationResult(
    long policyVersion,
    long newestVersion,
    int samples,
    List<OfEnvironment> environments,
    double durMs) {
  public EvaluationResult {
    environments = List.copyOf(environments);
  }

  /**
   * The result on one environment.
   *
   * @param average average@k: the mean reward of all answers that were scored
   * @param pass1 pass@1: the share of answers that pass
   * @param passK pass@k: the share of problems of which an answer passes
   * @param problems the number of problems with an answer that was scored
   * @param failed the number of answers that failed
   * @param metrics the means of the environment's further figures
   */
  public record OfEnvironment(
      String name,
      double average,
      double pass1,
      double passK,
      int problems,
      int failed,
      Map<String, Double> metrics) {
    public OfEnvironment {
      metrics = Map.copyOf(metrics);
    }
  }

  /** The mean of the environments' averages. */
  public double reward() {
    return environments.stream().mapToDouble(OfEnvironment::average).average().orElseThrow();
  }

  /** The number of problems with an answer that was scored. */
  public int problems() {
    return environments.stream().mapToInt(OfEnvironment::problems).sum();
  }

  /** The number of answers that failed. */
  public int failed() {
    return environments.stream().mapToInt(OfEnvironment::failed).sum();
  }
}
