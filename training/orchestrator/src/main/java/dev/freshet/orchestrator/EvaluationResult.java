package dev.freshet.orchestrator;

/**
 * How good a policy is on held-out problems.
 *
 * @param policyVersion the version served when it began
 * @param newestVersion the version served when it ended; greater if weights were updated meanwhile
 * @param reward the mean over the problems that were played
 * @param problems how many were played to their end
 * @param failed how many were not, for failed requests
 * @param durMs its duration
 */
public record EvaluationResult(
    long policyVersion,
    long newestVersion,
    double reward,
    int problems,
    int failed,
    double durMs) {}
