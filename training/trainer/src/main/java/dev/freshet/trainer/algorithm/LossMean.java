package dev.freshet.trainer.algorithm;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/** The mean over a batch. A part of a batch contributes its share, and the shares add up. */
public enum LossMean {
  /** Over all tokens of the batch: long rollouts weigh more. */
  TOKENS,

  /** Over the tokens of a rollout, then over rollouts: a token of a long rollout weighs less. */
  TOKENS_THEN_ROLLOUTS,

  /** Over rollouts, of the sum over the tokens of each. */
  ROLLOUTS;

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
    return switch (this) {
      case TOKENS -> losses.sum().div(scalar(batch.tokens()));
      case TOKENS_THEN_ROLLOUTS -> losses.div(sequenceTokens).sum().div(scalar(batch.rollouts()));
      case ROLLOUTS -> losses.sum().div(scalar(batch.rollouts()));
    };
  }

  private static Scalar scalar(long count) {
    return new Scalar((double) count);
  }
}
