package dev.freshet.orchestrator;

/**
 * The result of an evaluation on the held-out problems.
 *
 * @param policyVersion the version served when it started
 * @param newestVersion the version served when it ended; greater if weights were updated meanwhile
 * @param reward the mean over the completed problems
 * @param problems the number of completed problems
 * @param failed the number of failed problems
 * @param durMs its duration
 */
public record EvaluationResult(
    long policyVersion,
    long newestVersion,
    double reward,
    int problems,
    int failed,
    double durMs) {}
