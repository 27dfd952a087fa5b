package dev.freshet.orchestrator;

import dev.freshet.rollouts.SamplingDistribution;
import dev.freshet.wire.LogprobsMode;

/**
 * The sampling parameters of a policy's turns.
 *
 * @param temperature 0 for greedy
 * @param topP nucleus mass in (0, 1]
 * @param maxTokens the maximum number of tokens per turn
 */
record Sampling(double temperature, double topP, int maxTokens) {
  /** The distribution of the tokens, unless it is greedy. */
  SamplingDistribution distribution() {
    return new SamplingDistribution(temperature, topP, 0, 0);
  }

  /** The mode in which logprobs are those of the distribution, which matters unless both agree. */
  LogprobsMode logprobsMode() {
    return temperature == 1 && topP == 1
        ? LogprobsMode.RAW_LOGPROBS
        : LogprobsMode.PROCESSED_LOGPROBS;
  }
}
