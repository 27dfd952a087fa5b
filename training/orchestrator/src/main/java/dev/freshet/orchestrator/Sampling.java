package dev.freshet.orchestrator;

/**
 * How a policy's turns are sampled.
 *
 * @param temperature 0 for greedy
 * @param topP nucleus mass in (0, 1]
 * @param maxTokens the most tokens a turn
 */
record Sampling(double temperature, double topP, int maxTokens) {}
