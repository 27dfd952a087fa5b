package dev.freshet.trainer.algorithm;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;

/**
 * Group relative policy optimization (DeepSeekMath, arXiv 2402.03300, equation 3): {@link
 * ClippedSurrogate}, averaged over the tokens of a rollout, then over rollouts.
 */
@Section("Constants of trainer.algorithm grpo.")
public record GrpoLoss(
    @Key(def = "0.2", doc = "the ratio is clipped to 1 − epsilon … 1 + epsilon") double epsilon)
    implements PolicyLoss {
  public GrpoLoss {
    Check.notNegative("epsilon", epsilon);
  }

  @Override
  public Terms of(PolicyTokens tokens) {
    return ClippedSurrogate.of(tokens.logRatios(), tokens.advantages(), epsilon, epsilon);
  }

  @Override
  public LossMean mean() {
    return LossMean.TOKENS_THEN_ROLLOUTS;
  }
}
