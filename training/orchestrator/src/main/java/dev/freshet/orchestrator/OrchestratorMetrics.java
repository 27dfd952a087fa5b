package dev.freshet.orchestrator;

import dev.freshet.environments.Curriculum;
import dev.freshet.fleet.FleetMetrics;
import dev.freshet.fleet.ServerAddress;
import dev.freshet.metrics.Counter;
import dev.freshet.metrics.Gauge;
import dev.freshet.metrics.Histogram;
import dev.freshet.metrics.Metric;
import dev.freshet.metrics.MetricDefinition.Role;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.metrics.RoleTimeSeries;
import dev.freshet.trace.time.RoleClock;
import java.net.URI;
import java.util.Map;
import java.util.function.LongSupplier;

/** The metrics of an orchestrator: batches, groups, waits for weights. Thread-safe. */
public final class OrchestratorMetrics {
  /**
   * A batch that was handed to the trainer.
   *
   * @param truncated the number of rollouts truncated by the token limit
   * @param tokens the number of generated tokens
   * @param reward the mean over the rollouts
   */
  public record Batch(
      long step,
      long rollouts,
      long truncated,
      long tokens,
      double reward,
      double stalenessMean,
      long stalenessMax,
      double durMs) {}

  private final FleetMetrics fleet;
  private final Histogram checkpointWaits;
  private final Histogram batches;
  private final Counter rollouts;
  private final Counter truncated;
  private final Counter tokens;
  private final Metric<Counter> dropped;
  private final Metric<Counter> droppedTokens;
  private final Metric<Counter> groups;
  private final Gauge step;
  private final Gauge version;
  private final Gauge reward;
  private final Gauge truncatedRatio;
  private final Gauge stalenessMean;
  private final Gauge stalenessMax;
  private final Gauge asyncLevel;
  private final Gauge evaluationReward;
  private final Metric<Gauge> evaluationAverage;
  private final Metric<Gauge> evaluationPass;
  private final Metric<Counter> failedRollouts;
  private final Metric<Counter> time;
  private final Metric<Counter> replicaTime;
  private final Metric<Gauge> levelShares;
  private final Metric<Gauge> levelPassRates;

  public OrchestratorMetrics(MetricsRegistry registry) {
    this.fleet = new FleetMetrics(registry);
    this.checkpointWaits =
        registry
            .histogram(
                Role.ORCHESTRATOR,
                "freshet_checkpoint_wait_seconds",
                "How long the whole pipeline was blocked on a checkpoint (wait_ms)")
            .of();
    this.batches =
        registry
            .histogram(
                Role.ORCHESTRATOR,
                "freshet_batch_seconds",
                "Collecting a batch, batch.start to batch.done (dur_ms)")
            .of();
    this.rollouts =
        counter(registry, "freshet_rollouts_total", "Rollouts of the groups in batches");
    this.truncated =
        counter(
            registry,
            "freshet_rollouts_truncated_total",
            "Of these, those cut off by the token limit");
    this.tokens = counter(registry, "freshet_rollout_tokens_total", "Generated tokens of these");
    this.dropped =
        registry.counter(
            Role.ORCHESTRATOR,
            "freshet_rollouts_dropped_total",
            "Rollouts that were not trained on",
            "reason");
    this.droppedTokens =
        registry.counter(
            Role.ORCHESTRATOR,
            "freshet_rollout_tokens_dropped_total",
            "Generated tokens of these; unknown, and 0, for cancelled ones",
            "reason");
    this.groups =
        registry.counter(
            Role.ORCHESTRATOR,
            "freshet_groups_total",
            "Groups that ended: packed into a batch, filtered for equal rewards, stale or failed",
            "outcome");
    this.step = gauge(registry, "freshet_orchestrator_step", "Step of the newest batch");
    this.version =
        gauge(
            registry,
            "freshet_orchestrator_policy_version",
            "The policy version that every server in rotation has acknowledged");
    this.reward =
        gauge(registry, "freshet_batch_reward", "Mean reward of the newest batch's rollouts");
    this.truncatedRatio =
        gauge(
            registry,
            "freshet_batch_truncated_ratio",
            "Share of the newest batch's rollouts cut off by the token limit, 0 to 1 (trunc_pct)");
    this.stalenessMean =
        gauge(
            registry,
            "freshet_batch_staleness_mean_steps",
            "Mean staleness of the newest batch's rollouts");
    this.stalenessMax =
        gauge(
            registry,
            "freshet_batch_staleness_max_steps",
            "Staleness of the newest batch's oldest rollout (staleness)");
    this.asyncLevel =
        gauge(
            registry,
            "freshet_async_level_steps",
            "The maximum staleness of a rollout in a batch (async_level)");
    this.evaluationReward =
        gauge(
            registry,
            "freshet_evaluation_reward",
            "Mean reward on held-out problems, when last evaluated");
    this.evaluationAverage =
        registry.gauge(
            Role.ORCHESTRATOR,
            "freshet_evaluation_average_reward",
            "The same of each environment (average@k)",
            "environment");
    this.evaluationPass =
        registry.gauge(
            Role.ORCHESTRATOR,
            "freshet_evaluation_pass_ratio",
            "Share of an environment's held-out problems of which an answer passes, 0 to 1 (pass@k)",
            "environment");
    this.failedRollouts =
        registry.counter(
            Role.ORCHESTRATOR,
            "freshet_rollouts_failed_total",
            "Rollouts that failed and are in no batch, by environment and reason",
            "environment",
            "reason");
    this.time =
        registry.counter(
            Role.ORCHESTRATOR,
            "freshet_orchestrator_time_seconds_total",
            "The orchestrator's time by state; the states sum to the wall time",
            "state");
    this.replicaTime =
        registry.counter(
            Role.ORCHESTRATOR,
            "freshet_replica_time_seconds_total",
            "A server's time by state, as the orchestrator's streams show it: generating while one is"
                + " open",
            "replica",
            "state");
    this.levelShares =
        registry.gauge(
            Role.ORCHESTRATOR,
            "freshet_curriculum_share_ratio",
            "Share of a level in the problems that its environment's curriculum draws, 0 to 1",
            "environment",
            "level");
    this.levelPassRates =
        registry.gauge(
            Role.ORCHESTRATOR,
            "freshet_curriculum_pass_ratio",
            "The pass rate of a level as its curriculum estimates it, 0 to 1",
            "environment",
            "level");
    groups(0, 0, 0, 0);
  }

  /** Publishes the time of the orchestrator and of its servers, read at each scrape. */
  void times(RoleClock orchestrator, Map<URI, RoleClock> servers) {
    RoleTimeSeries.publish(time, orchestrator);
    servers.forEach(
        (url, server) -> RoleTimeSeries.publish(replicaTime, server, ServerAddress.replica(url)));
  }

  private static Gauge gauge(MetricsRegistry registry, String name, String help) {
    return registry.gauge(Role.ORCHESTRATOR, name, help).of();
  }

  private static Counter counter(MetricsRegistry registry, String name, String help) {
    return registry.counter(Role.ORCHESTRATOR, name, help).of();
  }

  /** The metrics of the servers. */
  public FleetMetrics fleet() {
    return fleet;
  }

  /** A run begins, whose staleness never exceeds {@code mostStaleness}. */
  public void run(int mostStaleness, LongSupplier policyVersion) {
    asyncLevel.set(mostStaleness);
    version.read(policyVersion::getAsLong);
  }

  /** A batch was handed over. */
  public void batch(Batch batch) {
    batches.millis(batch.durMs());
    rollouts.add(batch.rollouts());
    truncated.add(batch.truncated());
    tokens.add(batch.tokens());
    step.set((double) batch.step());
    reward.set(batch.reward());
    truncatedRatio.set((double) batch.truncated() / batch.rollouts());
    stalenessMean.set(batch.stalenessMean());
    stalenessMax.set((double) batch.stalenessMax());
  }

  /** Adds groups that ended. */
  public void groups(long packed, long filtered, long stale, long failed) {
    groups.of("packed").add(packed);
    groups.of("filtered").add(filtered);
    groups.of("stale").add(stale);
    groups.of("failed").add(failed);
  }

  /** Adds rollouts that were not trained on. */
  public void dropped(String reason, long rollouts, long generated) {
    dropped.of(reason).add(rollouts);
    droppedTokens.of(reason).add(generated);
  }

  /** A checkpoint was published, on which the pipeline was blocked for {@code ms}. */
  public void checkpointWaited(double ms) {
    checkpointWaits.millis(ms);
  }

  /** A policy was evaluated. */
  public void evaluated(EvaluationResult result) {
    evaluationReward.set(result.reward());
    result
        .environments()
        .forEach(
            e -> {
              evaluationAverage.of(e.name()).set(e.average());
              evaluationPass.of(e.name()).set(e.passK());
            });
  }

  /** A level of a curriculum now. */
  void level(String environment, Curriculum.Level level) {
    levelShares.of(environment, level.name()).set(level.share());
    levelPassRates.of(environment, level.name()).set(level.passRate());
  }

  /** A rollout failed. */
  void rolloutFailed(String environment, FailureReason reason) {
    failedRollouts.of(environment, reason.wireName()).add(1);
  }
}
