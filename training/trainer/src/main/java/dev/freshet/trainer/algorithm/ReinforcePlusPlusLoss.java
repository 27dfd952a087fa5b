package dev.freshet.trainer.algorithm;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;

/**
 * The loss of REINFORCE++ (arXiv 2501.03262): {@link ClippedSurrogate}, averaged over all tokens of
 * the batch. What sets the algorithm apart is its advantage, which is normalized over the batch.
 */
@Section("Constants of trainer.algorithm reinforce_pp and reinforce_pp_baseline.")
public record ReinforcePlusPlusLoss(
    @Key(def = "0.2", doc = "the ratio is clipped to 1 − epsilon … 1 + epsilon") double epsilon)
    implements PolicyLoss {
  public ReinforcePlusPlusLoss {
    Check.notNegative("epsilon", epsilon);
  }

  @Override
  public Terms of(PolicyTokens tokens) {
    return ClippedSurrogate.of(tokens.logRatios(), tokens.advantages(), epsilon, epsilon);
  }

  @Override
  public LossMean mean() {
    return LossMean.TOKENS;
  }
}
