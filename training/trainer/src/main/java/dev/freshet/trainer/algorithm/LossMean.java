package dev.freshet.trainer.algorithm;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * The mean over a batch, of all terms of a token's loss. A part of a batch contributes its share,
 * and the shares add up.
 *
 * @param divisor a constant, above 0, that divides every token's loss
 */
public record LossMean(Over over, int divisor) {
  /** Over all tokens of the batch: long rollouts weigh more. */
  public static final LossMean TOKENS = new LossMean(Over.TOKENS, 1);

  /** Over the tokens of a rollout, then over rollouts: a token of a long rollout weighs less. */
  public static final LossMean TOKENS_THEN_ROLLOUTS = new LossMean(Over.TOKENS_THEN_ROLLOUTS, 1);

  /** Over rollouts, of the sum over the tokens of each. */
  public static final LossMean ROLLOUTS = rollouts(1);

  /** What the losses of tokens are averaged over. */
  public enum Over {
    TOKENS,
    TOKENS_THEN_ROLLOUTS,
    ROLLOUTS
  }

  /** Over rollouts, of the sum over the tokens of each divided by a constant. */
  static LossMean rollouts(int divisor) {
    return new LossMean(Over.ROLLOUTS, divisor);
  }

  /**
   * The numbers of a whole batch.
   *
   * @param rollouts those with at least one generated token
   * @param tokens generated tokens of all rollouts
   */
  public record BatchSize(long rollouts, long tokens) {}

  /**
   * The contribution of some tokens to the loss of their batch, a scalar.
   *
   * @param losses {@code [n]}
   * @param sequenceTokens the number of tokens of each token's whole sequence, {@code [n]}
   */
  public Tensor of(Tensor losses, Tensor sequenceTokens, BatchSize batch) {
    Tensor sum =
        switch (over) {
          case TOKENS, ROLLOUTS -> losses.sum();
          case TOKENS_THEN_ROLLOUTS -> losses.div(sequenceTokens).sum();
        };
    long count = over == Over.TOKENS ? batch.tokens() : batch.rollouts();
    return sum.div(new Scalar((double) count * divisor));
  }
}
