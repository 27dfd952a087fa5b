package dev.freshet.trainer;

import dev.freshet.trainer.algorithm.AlgorithmConfig;
import dev.freshet.trainer.algorithm.PolicyLoss;

/**
 * What a policy-gradient step minimizes: the mean of an algorithm's loss and, with a coefficient
 * above 0, of the KL divergence from the reference policy.
 */
record Objective(PolicyLoss loss, double klCoefficient) {
  static Objective of(AlgorithmConfig config) {
    return new Objective(config.loss(), config.klCoefficient());
  }

  /** Whether it needs logprobs of the reference policy. */
  boolean hasReference() {
    return klCoefficient > 0;
  }
}
