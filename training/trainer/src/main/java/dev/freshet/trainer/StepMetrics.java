package dev.freshet.trainer;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * Measurements of one policy-gradient step.
 *
 * @param step the step, which is also the policy version that it makes
 * @param loss the loss of the batch before the step
 * @param quality how far the policy was from the one that generated the batch
 * @param gradNorm the gradient's norm before clipping
 * @param lr the learning rate
 * @param tokens the number of target tokens
 * @param stepMs the step's duration
 * @param peakMb the peak resident memory of the process so far, in MiB; NaN if unknown
 */
public record StepMetrics(
    long step,
    double loss,
    PolicyQuality quality,
    double gradNorm,
    double lr,
    long tokens,
    double stepMs,
    double peakMb) {

  /** Mean of r − log r − 1, r the ratio of the trainer's probability of a token to the engine's. */
  public double mismatchKl() {
    return quality.mismatchKl();
  }

  /** Target tokens per second. */
  public double tokensPerSecond() {
    return tokens / (stepMs / 1e3);
  }

  /** The fields of the step's line in the metrics file. */
  Map<String, Object> fields() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("step", step);
    fields.put("loss", loss);
    fields.put("entropy", quality.entropy());
    fields.put("mismatch_kl", quality.mismatchKl());
    fields.put("mismatch_kl_by_lag", new TreeMap<>(quality.mismatchKlByLag()));
    fields.put("cut_share", quality.cutShare());
    fields.put("cut_high_share", quality.cutHighShare());
    fields.put("effective_sample_share", quality.effectiveSampleShare());
    quality.referenceKl().ifPresent(kl -> fields.put("reference_kl", kl));
    fields.put("grad_norm", gradNorm);
    fields.put("lr", lr);
    fields.put("tokens", tokens);
    fields.put("step_ms", stepMs);
    fields.put("tokens_per_s", tokensPerSecond());
    fields.put("peak_mb", peakMb);
    return fields;
  }
}
