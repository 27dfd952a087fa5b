package dev.freshet.trainer.algorithm;

import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * REINFORCE, −A·log π, summed over a rollout and averaged over rollouts, as RLOO uses it (arXiv
 * 2402.14740, equation 7). It assumes that the policy being trained generated the tokens: the ratio
 * is not corrected for.
 */
record RlooLoss() implements PolicyLoss {
  @Override
  public Terms of(PolicyTokens tokens) {
    return new Terms(
        tokens.advantages().mul(tokens.policy()).neg(),
        torch.zeros_like(tokens.behaviour()).to(ScalarType.Bool));
  }

  @Override
  public LossMean mean() {
    return LossMean.ROLLOUTS;
  }
}
