package dev.freshet.trainer;

import java.util.Map;
import java.util.OptionalDouble;

/**
 * How far the policy being trained is from the one that generated a batch. All means and shares are
 * over the target tokens of the batch, before its step. r is the ratio of a token's probability
 * under the trainer to that which the engine reported, both of the distribution that was sampled
 * from.
 *
 * @param entropy mean entropy of the policy at the sampling temperature, in nats
 * @param mismatchKl mean of r − log r − 1
 * @param mismatchKlByLag the same by version lag: by how many versions the policy that generated a
 *     token is older than the one being trained; {@value LagKl#MOST} stands for that many or more
 * @param cutShare share of the tokens whose ratio the algorithm clipped, truncated or masked
 * @param cutHighShare share of the tokens that were cut and have r &gt; 1
 * @param effectiveSampleShare (Σ r)² / (n · Σ r²): the share of the tokens that would do with equal
 *     weights; 1 if all ratios are equal
 * @param referenceKl mean KL divergence from the reference policy (k3), if there is one
 */
public record PolicyQuality(
    double entropy,
    double mismatchKl,
    Map<Integer, Double> mismatchKlByLag,
    double cutShare,
    double cutHighShare,
    double effectiveSampleShare,
    OptionalDouble referenceKl) {
  /**
   * The mismatch KL at lag 0, in nats, that no rounding explains, also not that of a 16-bit engine.
   */
  static final double MOST_MISMATCH_BY_ROUNDING = 0.01;

  public PolicyQuality {
    mismatchKlByLag = Map.copyOf(mismatchKlByLag);
  }

  /**
   * Whether engine and trainer computed different distributions from the same weights: the tokens
   * that the policy itself generated have a mismatch above {@link #MOST_MISMATCH_BY_ROUNDING}.
   */
  boolean showsOtherDistribution() {
    return mismatchKlByLag.getOrDefault(0, 0.0) > MOST_MISMATCH_BY_ROUNDING;
  }
}
