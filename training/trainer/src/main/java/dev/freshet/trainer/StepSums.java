package dev.freshet.trainer;

import dev.freshet.model.Torch;
import java.util.Optional;
import java.util.OptionalDouble;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Sums over the target tokens of a batch or of a worker's share of it. Not thread-safe. */
final class StepSums {
  private final LagKl mismatch = new LagKl();
  private long tokens;
  private double loss;
  private double entropy;
  private double ratios;
  private double squaredRatios;
  private double cut;
  private double cutHigh;
  private double referenceKl;
  private boolean hasReference;

  /**
   * Adds some targets.
   *
   * @param total their contribution to the loss, a scalar
   * @param cutTokens {@code [n]} of booleans
   * @param kl the KL divergence from the reference policy, {@code [n]}
   */
  void add(
      Tensor total,
      Tensor cutTokens,
      Optional<Tensor> kl,
      Targets targets,
      TokenLoss.Scores scores) {
    try (NoGradGuard _ = new NoGradGuard()) {
      tokens += targets.count();
      loss += total.item_double();
      entropy += scores.entropies().sum().item_double();
      Tensor logRatios = scores.logprobs().sub(targets.behaviour());
      Tensor ratio = logRatios.exp();
      ratios += ratio.sum().item_double();
      squaredRatios += ratio.square().sum().item_double();
      cut += cutTokens.sum().item_double();
      cutHigh += cutTokens.logical_and(logRatios.gt(new Scalar(0.0))).sum().item_double();
      addMismatch(ratio.sub(logRatios).sub(new Scalar(1.0)), targets.lags());
      if (kl.isPresent()) {
        hasReference = true;
        referenceKl += kl.get().sum().item_double();
      }
    }
  }

  private void addMismatch(Tensor kl, Tensor lags) {
    Tensor lag =
        torch.clamp(
            lags, new ScalarOptional(new Scalar(0)), new ScalarOptional(new Scalar(LagKl.MOST)));
    float[] sums = sumsByLag(lag, kl);
    float[] counts = sumsByLag(lag, torch.ones_like(kl));
    for (int l = 0; l <= LagKl.MOST; l++) {
      mismatch.add(l, sums[l], (long) counts[l]);
    }
  }

  /** The sums of values by lag, added in 64-bit floats: there may be many. */
  private static float[] sumsByLag(Tensor lag, Tensor values) {
    TensorOptions doubles = Torch.options(ScalarType.Double);
    Tensor sums =
        torch
            .zeros(new long[] {LagKl.MOST + 1}, doubles)
            .index_add_(0, lag, values.to(ScalarType.Double));
    return Torch.toFloats(sums.to(ScalarType.Float));
  }

  /** Adds the sums of another share. */
  void add(StepSums share) {
    mismatch.add(share.mismatch);
    tokens += share.tokens;
    loss += share.loss;
    entropy += share.entropy;
    ratios += share.ratios;
    squaredRatios += share.squaredRatios;
    cut += share.cut;
    cutHigh += share.cutHigh;
    referenceKl += share.referenceKl;
    hasReference |= share.hasReference;
  }

  /** The loss so far. */
  double loss() {
    return loss;
  }

  /** The means of at least one token. */
  PolicyQuality quality() {
    return new PolicyQuality(
        entropy / tokens,
        mismatch.mean(),
        mismatch.means(),
        cut / tokens,
        cutHigh / tokens,
        ratios * ratios / (tokens * squaredRatios),
        hasReference ? OptionalDouble.of(referenceKl / tokens) : OptionalDouble.empty());
  }
}
