package dev.freshet.orchestrator;

/**
 * The sampling parameters of a policy's turns.
 *
 * @param temperature 0 for greedy
 * @param topP nucleus mass in (0, 1]
 * @param maxTokens the maximum number of tokens per turn
 */
record Sampling(double temperature, double topP, int maxTokens) {}
