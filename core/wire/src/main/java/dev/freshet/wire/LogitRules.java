package dev.freshet.wire;

import java.util.Map;

/**
 * Changes of the logits before a token is chosen, with the meaning that they have in vLLM. They
 * apply in this order: {@code minTokens}, {@code bias}, repetition, frequency and presence penalty.
 *
 * @param minTokens how many tokens to generate before a token or a string may end the completion;
 *     until then tokens that would end it are not drawn
 * @param bias added to the logits of single token ids, each from −{@value #MAX_BIAS} to {@value
 *     #MAX_BIAS}; at most {@value #MAX_BIASES} ids
 * @param repetitionPenalty divides the logit of every token of prompt and completion if it is
 *     positive, and multiplies it otherwise; above 0, 1 for none
 * @param frequencyPenalty subtracted from a token's logit for each time it was generated; from −2
 *     to 2
 * @param presencePenalty subtracted from a token's logit if it was generated; from −2 to 2
 */
public record LogitRules(
    int minTokens,
    Map<Integer, Double> bias,
    double repetitionPenalty,
    double frequencyPenalty,
    double presencePenalty) {
  /** The most ids with a bias. */
  public static final int MAX_BIASES = 1024;

  /** The largest absolute value of a bias. */
  public static final int MAX_BIAS = 100;

  private static final int MAX_PENALTY = 2;

  /** No changes. */
  public static final LogitRules NONE = new LogitRules(0, Map.of(), 1, 0, 0);

  /**
   * @throws WireException naming the first field that is out of its range
   */
  public LogitRules {
    WireException.check(minTokens >= 0, "min_tokens", "at least 0", minTokens);
    if (bias.size() > MAX_BIASES) {
      throw new WireException(
          "logit_bias: expected at most %d entries, got more".formatted(MAX_BIASES));
    }
    bias.forEach(
        (id, value) -> {
          WireException.check(id >= 0, "logit_bias", "token ids of at least 0", id);
          WireException.check(
              Math.abs(value) <= MAX_BIAS,
              "logit_bias/" + id,
              "a number from -" + MAX_BIAS + " to " + MAX_BIAS,
              value);
        });
    WireException.check(
        repetitionPenalty > 0 && Double.isFinite(repetitionPenalty),
        "repetition_penalty",
        "a number above 0",
        repetitionPenalty);
    checkPenalty("frequency_penalty", frequencyPenalty);
    checkPenalty("presence_penalty", presencePenalty);
    bias = Map.copyOf(bias);
  }

  /** Whether a penalty depends on the tokens so far. */
  public boolean penalizes() {
    return repetitionPenalty != 1 || frequencyPenalty != 0 || presencePenalty != 0;
  }

  private static void checkPenalty(String field, double value) {
    WireException.check(
        Math.abs(value) <= MAX_PENALTY,
        field,
        "a number from -" + MAX_PENALTY + " to " + MAX_PENALTY,
        value);
  }
}
