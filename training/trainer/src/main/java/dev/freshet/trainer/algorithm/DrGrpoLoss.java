package dev.freshet.trainer.algorithm;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;

/**
 * Dr. GRPO (arXiv 2503.20783, section 3.2): {@link ClippedSurrogate}, whose sum over a rollout is
 * divided by a constant instead of the rollout's length, so that long wrong answers are not spared.
 */
@Section("Constants of trainer.algorithm dr_grpo.")
public record DrGrpoLoss(
    @Key(def = "0.2", doc = "the ratio is clipped to 1 − epsilon … 1 + epsilon") double epsilon,
    @Key(
            def = "10",
            doc =
                "the constant that divides the sum over a rollout's tokens: the most that it may"
                    + " generate, as orchestrator.max_tokens")
        int tokenBudget)
    implements PolicyLoss {
  public DrGrpoLoss {
    Check.notNegative("epsilon", epsilon);
    Check.positive("tokenBudget", tokenBudget);
  }

  @Override
  public Terms of(PolicyTokens tokens) {
    return ClippedSurrogate.of(tokens.logRatios(), tokens.advantages(), epsilon, epsilon);
  }

  @Override
  public LossMean mean() {
    return LossMean.rollouts(tokenBudget);
  }
}
