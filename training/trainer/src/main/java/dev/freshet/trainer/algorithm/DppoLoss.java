package dev.freshet.trainer.algorithm;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Divergence PPO with binary total variation (arXiv 2602.04879) and a drift penalty, as prime-rl
 * combines them: {@link MaskedRatio}, in which a token is masked once its probability has moved in
 * the direction of its advantage by more than {@code threshold}: when A &gt; 0 and π − μ &gt;
 * threshold, or A ≤ 0 and π − μ &lt; −threshold.
 */
@Section("Constants of trainer.algorithm dppo.")
public record DppoLoss(
    @Key(
            def = "0.2",
            doc = "change of a token's probability, along its advantage, above which it is masked")
        double threshold,
    @Key(def = "1e-3", doc = "weight of (log r)²") double klWeight)
    implements PolicyLoss {
  public DppoLoss {
    Check.notNegative("threshold", threshold);
    Check.notNegative("klWeight", klWeight);
  }

  @Override
  public Terms of(PolicyTokens tokens) {
    Tensor moved = MaskedRatio.moved(tokens);
    Tensor raised = tokens.advantages().gt(new Scalar(0.0));
    Tensor masked =
        raised
            .logical_and(moved.gt(new Scalar(threshold)))
            .logical_or(raised.logical_not().logical_and(moved.lt(new Scalar(-threshold))));
    return MaskedRatio.of(masked, klWeight, tokens);
  }

  @Override
  public LossMean mean() {
    return LossMean.TOKENS;
  }
}
