package dev.freshet.trainer;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Measurements of one policy-gradient step. All means are over the target tokens of the batch.
 *
 * @param step the step, which is also the policy version that it makes
 * @param loss mean loss
 * @param entropy mean entropy of the policy before the step, in nats
 * @param mismatchKl mean of r − log r − 1 with r the ratio of the trainer's probability of a token
 *     to the engine's
 * @param gradNorm the gradient's norm before clipping
 * @param lr the learning rate
 * @param tokens the number of target tokens
 * @param stepMs the step's duration
 * @param peakMb the peak resident memory of the process so far, in MiB; NaN if unknown
 */
public record StepMetrics(
    long step,
    double loss,
    double entropy,
    double mismatchKl,
    double gradNorm,
    double lr,
    long tokens,
    double stepMs,
    double peakMb) {

  /** Target tokens per second. */
  public double tokensPerSecond() {
    return tokens / (stepMs / 1e3);
  }

  /** The fields of the step's line in the metrics file. */
  Map<String, Object> fields() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("step", step);
    fields.put("loss", loss);
    fields.put("entropy", entropy);
    fields.put("mismatch_kl", mismatchKl);
    fields.put("grad_norm", gradNorm);
    fields.put("lr", lr);
    fields.put("tokens", tokens);
    fields.put("step_ms", stepMs);
    fields.put("tokens_per_s", tokensPerSecond());
    fields.put("peak_mb", peakMb);
    return fields;
  }
}
