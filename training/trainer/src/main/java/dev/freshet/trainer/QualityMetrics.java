package dev.freshet.trainer;

import dev.freshet.metrics.Gauge;
import dev.freshet.metrics.Metric;
import dev.freshet.metrics.MetricDefinition.Role;
import dev.freshet.metrics.MetricsRegistry;

/** The gauges of {@link PolicyQuality} of the last step. */
final class QualityMetrics {
  private final Gauge entropy;
  private final Gauge mismatchKl;
  private final Metric<Gauge> mismatchKlByLag;
  private final Gauge cut;
  private final Gauge cutHigh;
  private final Gauge effectiveSample;
  private final Gauge referenceKl;

  QualityMetrics(MetricsRegistry registry) {
    this.entropy =
        gauge(
            registry,
            "freshet_trainer_entropy_nats",
            "Mean entropy of the policy before the last step, at the sampling temperature");
    this.mismatchKl =
        gauge(
            registry,
            "freshet_trainer_mismatch_kl_nats",
            "Mean of r − log r − 1, r the ratio of the trainer's probability of a token to the"
                + " engine's, in the last step");
    this.mismatchKlByLag =
        registry.gauge(
            Role.TRAINER,
            "freshet_trainer_mismatch_kl_by_lag_nats",
            "The same by version lag: how many versions the policy that generated a token was"
                + " behind the one being trained, in the last step that had such tokens",
            "lag");
    this.cut =
        gauge(
            registry,
            "freshet_trainer_cut_tokens_ratio",
            "Share of the last step's tokens whose ratio the algorithm clipped, truncated or"
                + " masked, 0 to 1 (cut_share)");
    this.cutHigh =
        gauge(
            registry,
            "freshet_trainer_cut_high_tokens_ratio",
            "Of all tokens, the share that was cut and has r > 1 (cut_high_share)");
    this.effectiveSample =
        gauge(
            registry,
            "freshet_trainer_effective_sample_ratio",
            "(Σ r)² / (n · Σ r²) over the last step's tokens: 1 if all ratios are equal"
                + " (effective_sample_share)");
    this.referenceKl =
        gauge(
            registry,
            "freshet_trainer_reference_kl_nats",
            "Mean KL divergence from the base model before the last step, with"
                + " trainer.kl_coefficient (reference_kl)");
  }

  private static Gauge gauge(MetricsRegistry registry, String name, String help) {
    return registry.gauge(Role.TRAINER, name, help).of();
  }

  /** A step was taken. */
  void step(PolicyQuality quality) {
    entropy.set(quality.entropy());
    mismatchKl.set(quality.mismatchKl());
    quality
        .mismatchKlByLag()
        .forEach((lag, kl) -> mismatchKlByLag.of(Integer.toString(lag)).set(kl));
    cut.set(quality.cutShare());
    cutHigh.set(quality.cutHighShare());
    effectiveSample.set(quality.effectiveSampleShare());
    quality.referenceKl().ifPresent(referenceKl::set);
  }
}
