package dev.freshet.trainer.algorithm;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * IPO as prime-rl defines it ({@code trainer.loss.type = "ipo"}): {@link MaskedRatio}, in which a
 * token is masked once its probability has moved by more than {@code threshold} either way.
 */
@Section("Constants of trainer.algorithm ipo.")
public record IpoLoss(
    @Key(def = "0.1", doc = "change of a token's probability above which it is masked")
        double threshold,
    @Key(def = "1e-3", doc = "weight of (log r)²") double klWeight)
    implements PolicyLoss {
  public IpoLoss {
    Check.notNegative("threshold", threshold);
    Check.notNegative("klWeight", klWeight);
  }

  @Override
  public Terms of(PolicyTokens tokens) {
    Tensor masked = MaskedRatio.moved(tokens).abs().gt(new Scalar(threshold));
    return MaskedRatio.of(masked, klWeight, tokens);
  }

  @Override
  public LossMean mean() {
    return LossMean.TOKENS;
  }
}
