package dev.freshet.trainer.algorithm;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * The ratio with masked tokens and a penalty on drift: −keep·r·A + weight·(log r)². A masked token
 * keeps its penalty, as in prime-rl; the penalty is the KL term of Kimi K2.5 (arXiv 2602.02276).
 */
final class MaskedRatio {
  private MaskedRatio() {}

  /** π − μ of each token, without gradient. */
  static Tensor moved(PolicyTokens tokens) {
    return tokens.policy().detach().exp().sub(tokens.behaviour().exp());
  }

  /**
   * The loss of each token.
   *
   * @param masked {@code [n]} of booleans
   */
  static PolicyLoss.Terms of(Tensor masked, double driftWeight, PolicyTokens tokens) {
    Tensor logRatios = tokens.logRatios();
    // Masked before exp as well: where the ratio overflows, 0 times its gradient would be NaN.
    Tensor ratio = logRatios.masked_fill(masked, new Scalar(0.0)).exp();
    Tensor pull = tokens.advantages().mul(ratio).masked_fill(masked, new Scalar(0.0));
    return new PolicyLoss.Terms(logRatios.square().mul(new Scalar(driftWeight)).sub(pull), masked);
  }
}
