package dev.freshet.trainer.algorithm;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;
import org.bytedeco.pytorch.Tensor;

/**
 * Group sequence policy optimization (arXiv 2507.18071). The ratio of a rollout is the geometric
 * mean of its tokens' ratios, s = exp(Σ log r / length), and {@link ClippedSurrogate} clips all its
 * tokens or none. A token's ratio is sg(s)·π / sg(π) (equation 13), where sg passes no gradient:
 * summed over a rollout, its gradient is that of s.
 */
@Section("Constants of trainer.algorithm gspo.")
public record GspoLoss(
    @Key(def = "3e-4", doc = "a rollout's ratio is clipped to 1 − clip_low from below")
        double clipLow,
    @Key(def = "4e-4", doc = "a rollout's ratio is clipped to 1 + clip_high from above")
        double clipHigh)
    implements PolicyLoss {
  public GspoLoss {
    Check.notNegative("clipLow", clipLow);
    Check.notNegative("clipHigh", clipHigh);
  }

  @Override
  public Terms of(PolicyTokens tokens) {
    Tensor sequence = tokens.sequenceLogRatios().div(tokens.sequenceTokens());
    Tensor logRatios = tokens.policy().sub(tokens.policy().detach()).add(sequence);
    return ClippedSurrogate.of(logRatios, tokens.advantages(), clipLow, clipHigh);
  }

  @Override
  public LossMean mean() {
    return LossMean.TOKENS_THEN_ROLLOUTS;
  }

  @Override
  public boolean wholeSequences() {
    return true;
  }
}
