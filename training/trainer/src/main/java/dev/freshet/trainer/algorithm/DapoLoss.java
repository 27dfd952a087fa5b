package dev.freshet.trainer.algorithm;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;

/**
 * The loss of DAPO (arXiv 2503.14476, equation 8): {@link ClippedSurrogate} with a higher upper
 * bound, averaged over all tokens of the batch. Dynamic sampling and the shaping of over-long
 * rewards are the orchestrator's.
 */
@Section("Constants of trainer.algorithm dapo.")
public record DapoLoss(
    @Key(def = "0.2", doc = "the ratio is clipped to 1 − clip_low from below") double clipLow,
    @Key(def = "0.28", doc = "the ratio is clipped to 1 + clip_high from above") double clipHigh)
    implements PolicyLoss {
  public DapoLoss {
    Check.notNegative("clipLow", clipLow);
    Check.notNegative("clipHigh", clipHigh);
  }

  @Override
  public Terms of(PolicyTokens tokens) {
    return ClippedSurrogate.of(tokens.logRatios(), tokens.advantages(), clipLow, clipHigh);
  }

  @Override
  public LossMean mean() {
    return LossMean.TOKENS;
  }
}
