package dev.freshet.trainer;

import dev.freshet.metrics.Counter;
import dev.freshet.metrics.Gauge;
import dev.freshet.metrics.Histogram;
import dev.freshet.metrics.Metric;
import dev.freshet.metrics.MetricDefinition.Role;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.metrics.RoleTimeSeries;
import dev.freshet.rollouts.UnusableRollout;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.time.RoleClock;
import dev.freshet.trace.time.RoleState;
import java.util.List;

/**
 * The metrics of a trainer. {@link #published} is called by one thread at a time, all other methods
 * by the trainer's thread.
 */
public final class TrainerMetrics {
  private final Histogram checkpointWrites;
  private final Histogram steps;
  private final Counter tokens;
  private final Metric<Counter> unusable;
  private final Counter synthesised;
  private final RoleClock time;
  private final Gauge version;
  private final Gauge loss;
  private final QualityMetrics quality;
  private final Gauge gradNorm;
  private final Gauge lr;
  private final Gauge peakMemory;

  public TrainerMetrics(MetricsRegistry registry, MonotonicClock clock) {
    this.checkpointWrites =
        registry
            .histogram(
                Role.TRAINER,
                "freshet_checkpoint_write_seconds",
                "Publishing a checkpoint (write_ms)")
            .of();
    this.steps =
        registry
            .histogram(Role.TRAINER, "freshet_trainer_step_seconds", "A policy-gradient step")
            .of();
    this.tokens =
        registry
            .counter(Role.TRAINER, "freshet_trainer_tokens_total", "Target tokens of all steps")
            .of();
    this.unusable =
        registry.counter(
            Role.TRAINER,
            "freshet_trainer_unusable_rollouts_total",
            "Rollouts left out because they cannot be trained on",
            "reason");
    this.synthesised =
        registry
            .counter(
                Role.TRAINER,
                "freshet_trainer_synthesised_versions_total",
                "Tokens in batches whose policy version was synthesised, because their server does"
                    + " not report it")
            .of();
    this.time =
        new RoleClock(
            clock,
            List.of(RoleState.SNAPSHOT, RoleState.PUBLISHING, RoleState.TRAINING, RoleState.BATCH),
            RoleState.OTHER);
    RoleTimeSeries.publish(
        registry.counter(
            Role.TRAINER,
            "freshet_trainer_time_seconds_total",
            "The trainer's time by state; the states sum to the wall time",
            "state"),
        time);
    this.version =
        gauge(registry, "freshet_trainer_policy_version", "The policy version published last");
    this.loss = gauge(registry, "freshet_trainer_loss", "Loss of the last step");
    this.quality = new QualityMetrics(registry);
    this.gradNorm =
        gauge(
            registry,
            "freshet_trainer_gradient_norm",
            "Norm of the last step's gradient before clipping");
    this.lr = gauge(registry, "freshet_trainer_learning_rate", "Learning rate of the last step");
    this.peakMemory =
        gauge(
            registry,
            "freshet_trainer_peak_memory_bytes",
            "Peak resident memory of the trainer's process up to the last step (peak_mb)");
  }

  private static Gauge gauge(MetricsRegistry registry, String name, String help) {
    return registry.gauge(Role.TRAINER, name, help).of();
  }

  /** Accounts for the trainer's time. */
  RoleClock time() {
    return time;
  }

  /** A checkpoint was published as this policy version. */
  public void published(long policyVersion, double writeMs) {
    checkpointWrites.millis(writeMs);
    version.set((double) policyVersion);
  }

  /** Rollouts were left out. */
  void unusable(UnusableRollout.Reason reason, long count) {
    unusable.of(reason.wireName()).add(count);
  }

  /** A batch was accepted that has so many tokens with a synthesised version. */
  void synthesised(long versions) {
    synthesised.add(versions);
  }

  /** A step was taken. */
  void step(StepMetrics step) {
    steps.millis(step.stepMs());
    tokens.add(step.tokens());
    loss.set(step.loss());
    quality.step(step.quality());
    gradNorm.set(step.gradNorm());
    lr.set(step.lr());
    peakMemory.set(step.peakMb() * (1 << 20));
  }
}
