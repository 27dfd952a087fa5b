package dev.freshet.trainer.algorithm;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * The KL divergence of the policy from a reference policy, estimated from each token that was
 * generated: with q = log π_ref − log π, k3 = exp(q) − q − 1 (Schulman 2020, "Approximating KL
 * divergence"; GRPO's, arXiv 2402.03300, equation 4). It is never negative. Like GRPO's it is not
 * weighted by r, so it is unbiased for tokens of the policy itself.
 */
public final class ReferenceKl {
  private ReferenceKl() {}

  /**
   * k3 of each token.
   *
   * @param policy {@code [n]}, with gradient
   * @param reference {@code [n]}
   */
  public static Tensor k3(Tensor policy, Tensor reference) {
    Tensor q = reference.sub(policy);
    return q.exp().sub(q).sub(new Scalar(1.0));
  }
}
