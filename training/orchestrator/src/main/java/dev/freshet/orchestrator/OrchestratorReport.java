package dev.freshet.orchestrator;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * The result of a run.
 *
 * @param finished whether all steps were trained and served; false if it was stopped
 * @param policyVersion the version served at the end
 * @param rewardStart held-out mean reward of the base model, if it was evaluated
 * @param rewardEnd held-out mean reward of the last weights, if they were evaluated
 * @param stalenessMean over all rollouts handed to the trainer
 * @param stalenessMax over the same
 * @param groups the final states of all groups
 * @param generatedTokens generated tokens of all completed completions, evaluations included
 * @param generationS seconds from the start of {@link Orchestrator#run} to its end
 */
public record OrchestratorReport(
    boolean finished,
    long policyVersion,
    OptionalDouble rewardStart,
    OptionalDouble rewardEnd,
    double stalenessMean,
    long stalenessMax,
    GroupCounts groups,
    long generatedTokens,
    double generationS) {
  /**
   * The run's last line in {@code metrics.jsonl}.
   *
   * @param wallS seconds since the command was started
   * @param rssMb the peak resident memory of the process
   */
  public Map<String, Object> line(double wallS, double rssMb) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("finished", finished);
    line.put("policy_version", policyVersion);
    line.put("generated_tokens", generatedTokens);
    line.put("generation_s", generationS);
    line.put("wall_s", wallS);
    line.put("rss_mb", rssMb);
    return line;
  }
}
