package dev.freshet.trainer.algorithm;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;

/**
 * REINFORCE with truncated importance sampling (Ionides 2008, "Truncated importance sampling"; for
 * the mismatch of engine and trainer Yao et al. 2025, "Your efficient RL framework secretly brings
 * you off-policy RL training"): {@link TruncatedWeight} of the token's ratio, or of the product of
 * the ratios of its whole rollout, averaged over all tokens of the batch.
 */
@Section("Constants of trainer.algorithm tis.")
public record TisLoss(
    @Key(def = "token", doc = "token: a token's own ratio; sequence: the product over its rollout")
        Level level,
    @Key(def = "2.0", doc = "the largest weight") double cap)
    implements PolicyLoss {
  /** Whose ratio is the weight of a token. */
  public enum Level {
    TOKEN,
    SEQUENCE
  }

  public TisLoss {
    Check.that(cap > 0, "cap", "above 0");
  }

  @Override
  public Terms of(PolicyTokens tokens) {
    return TruncatedWeight.of(
        wholeSequences() ? tokens.sequenceLogRatios() : tokens.logRatios(), cap, tokens);
  }

  @Override
  public LossMean mean() {
    return LossMean.TOKENS;
  }

  @Override
  public boolean wholeSequences() {
    return level == Level.SEQUENCE;
  }
}
