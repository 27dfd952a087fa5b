package dev.freshet.rollouts;

/**
 * The distribution that the tokens of a rollout were sampled from, given a model's logits. Names
 * and meaning as in vLLM. A rollout's logprobs are of this distribution.
 *
 * @param temperature by which the logits are divided; finite and above 0
 * @param topP the share of the probability that is kept; 1 keeps all
 * @param topK the number of tokens that are kept; 0 keeps all
 * @param minP the share of the most likely token's probability below which a token is left out; 0
 *     keeps all
 */
public record SamplingDistribution(double temperature, double topP, int topK, double minP) {
  public SamplingDistribution {
    if (!(temperature > 0 && Double.isFinite(temperature))
        || !(topP > 0 && topP <= 1)
        || topK < 0
        || !(minP >= 0 && minP <= 1)) {
      throw new InvalidRolloutException(
          UnusableRollout.Reason.SAMPLING,
          "sampled with temperature %s, top_p %s, top_k %d and min_p %s, expected a temperature above 0, top_p above 0 and at most 1, top_k 0 or above and min_p 0 to 1"
              .formatted(temperature, topP, topK, minP));
    }
  }

  /** The softmax of the logits divided by a temperature, over the whole vocabulary. */
  public static SamplingDistribution atTemperature(double temperature) {
    return new SamplingDistribution(temperature, 1, 0, 0);
  }

  /** Whether some tokens of the vocabulary may have been left out. */
  public boolean truncated() {
    return topP < 1 || topK > 0 || minP > 0;
  }
}
