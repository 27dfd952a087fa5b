package dev.freshet.trainer.algorithm;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;

/**
 * CISPO (MiniMax-M1, arXiv 2506.13585, equation 4): {@link TruncatedWeight} of the token's ratio,
 * averaged over all tokens of the batch. As in the paper's experiments, the weight has no lower
 * bound.
 */
@Section("Constants of trainer.algorithm cispo.")
public record CispoLoss(
    @Key(def = "5.0", doc = "the largest weight of a token, 1 + ε_high of the paper") double cap)
    implements PolicyLoss {
  public CispoLoss {
    Check.that(cap > 0, "cap", "above 0");
  }

  @Override
  public Terms of(PolicyTokens tokens) {
    return TruncatedWeight.of(tokens.logRatios(), cap, tokens);
  }

  @Override
  public LossMean mean() {
    return LossMean.TOKENS;
  }
}
