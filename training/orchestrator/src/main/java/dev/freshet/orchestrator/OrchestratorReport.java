package dev.freshet.orchestrator;

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
 */
public record OrchestratorReport(
    boolean finished,
    long policyVersion,
    OptionalDouble rewardStart,
    OptionalDouble rewardEnd,
    double stalenessMean,
    long stalenessMax,
    GroupCounts groups,
    long generatedTokens) {}
