package dev.freshet.orchestrator;

import dev.freshet.environments.Curriculum;
import dev.freshet.fleet.ReplicaResult;
import dev.freshet.fleet.ServerAddress;
import dev.freshet.fleet.UpdateResult;
import dev.freshet.metrics.MetricsFile;
import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.FleetPhase;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes the orchestrator's metrics lines, updates its metrics page, and sums up staleness for the
 * report. Keeps no history. Thread-safe.
 */
final class RunMetrics {
  private static final String BATCHES = "step";
  private static final String EVALUATIONS = "eval";
  private static final long NONE = -1;

  private final MetricsFile file;
  private final OrchestratorMetrics metrics;
  private final Map<String, Curriculum> curricula;
  private final Map<String, EnvironmentFigures> environments = new TreeMap<>();
  private double waitMs;
  private GroupCounts before = new GroupCounts(0, 0, 0, 0, 0, 0, 0, 0);

  /** Batches and evaluations up to these steps have their lines. */
  private long reportedBatch;

  private long reportedEvaluation = NONE;

  private double stalenessSum;
  private long stalenessMax;
  private long rollouts;

  /**
   * @param curricula by the names of their environments
   */
  RunMetrics(MetricsFile file, OrchestratorMetrics metrics, Map<String, Curriculum> curricula) {
    this.file = file;
    this.metrics = metrics;
    this.curricula = curricula;
  }

  /**
   * Continues the lines of an earlier process, none of which is written twice.
   *
   * @param counts of the groups after its last batch
   */
  synchronized void resume(GroupCounts counts) {
    before = counts;
    reportedBatch = file.largest(BATCHES, "step").orElse(0);
    reportedEvaluation = file.largest(EVALUATIONS, "step").orElse(NONE);
  }

  /** Whether the evaluation of a version has its line. */
  synchronized boolean reportedEvaluation(long version) {
    return reportedEvaluation >= version;
  }

  /**
   * A batch was handed to the trainer, after which the groups are counted by {@code counts}. Shares
   * and percentages are of the groups that ended since the previous batch.
   *
   * @param times what the roles did since the previous batch, as fields of the line
   */
  synchronized void batch(
      BatchStats batch,
      GroupCounts counts,
      Map<DropReason, DropCounts.Dropped> drops,
      Map<String, Object> times) {
    stalenessSum += batch.stalenessMean() * batch.rollouts();
    stalenessMax = Math.max(stalenessMax, batch.stalenessMax());
    rollouts += batch.rollouts();
    long packed = counts.packed() - before.packed();
    long filtered = counts.filtered() - before.filtered();
    long failed = counts.failed() - before.failed();
    long stale = counts.stale() - before.stale();
    metrics.batch(batch.metrics());
    metrics.groups(packed, filtered, stale, failed);
    drops.forEach(
        (reason, dropped) ->
            metrics.dropped(reason.wireName(), dropped.rollouts(), dropped.tokens()));
    long ended = packed + filtered + failed + stale;
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("step", batch.step());
    line.put("reward", batch.reward());
    line.put("trainable_share", (double) packed / (packed + filtered));
    line.put("turns", batch.turns());
    line.put("max_off_policy", batch.maxOffPolicy());
    line.put("error_pct", 100.0 * failed / ended);
    line.put("cancelled_pct", 100.0 * stale / ended);
    line.put("trunc_pct", batch.truncPct());
    line.put("staleness_mean", batch.stalenessMean());
    line.put("staleness_max", batch.stalenessMax());
    line.put("policy_version", batch.policyVersion());
    line.put("dur_ms", batch.durMs());
    line.put("straggler_wait_ms", batch.stragglerMs());
    line.put("wait_ms", waitMs);
    line.put("rollouts", batch.rollouts());
    line.put("tokens", batch.tokens());
    line.put("kept_rollouts", batch.kept());
    line.put("kept_tokens_mean", (double) batch.keptTokens() / batch.kept());
    line.put("dropped", dropped(drops));
    line.put("environments", environments());
    if (!curricula.isEmpty()) {
      line.put("curriculum", curriculum());
    }
    line.putAll(times);
    if (batch.step() > reportedBatch) {
      file.append(BATCHES, line);
    }
    before = counts;
    waitMs = 0;
  }

  /** The levels of each curriculum now. */
  private Map<String, Object> curriculum() {
    Map<String, Object> figures = new LinkedHashMap<>();
    curricula.forEach(
        (environment, curriculum) -> {
          Map<String, Object> levels = new LinkedHashMap<>();
          for (Curriculum.Level level : curriculum.levels()) {
            metrics.level(environment, level);
            levels.put(
                level.name(),
                Map.of(
                    "share", level.share(),
                    "pass_rate", level.passRate(),
                    "drawn", level.drawn()));
          }
          figures.put(environment, levels);
        });
    return figures;
  }

  private static Map<String, Object> dropped(Map<DropReason, DropCounts.Dropped> drops) {
    Map<String, Object> byReason = new LinkedHashMap<>();
    drops.forEach(
        (reason, dropped) -> {
          Map<String, Object> figures = new LinkedHashMap<>();
          figures.put("rollouts", dropped.rollouts());
          if (reason != DropReason.CANCELLED) {
            figures.put("tokens_mean", dropped.meanTokens());
          }
          byReason.put(reason.wireName(), figures);
        });
    return byReason;
  }

  /** A rollout for training ended. */
  synchronized void rolloutEnded(String environment, RolloutResult result) {
    switch (result) {
      case RolloutResult.Done done ->
          environments.computeIfAbsent(environment, _ -> new EnvironmentFigures()).add(done);
      case RolloutResult.Failed failed -> {
        environments.computeIfAbsent(environment, _ -> new EnvironmentFigures()).add(failed);
        metrics.rolloutFailed(environment, failed.reason());
      }
      case RolloutResult.Cancelled c -> {}
    }
  }

  /** The figures of the rollouts of each environment that ended since the previous batch. */
  private Map<String, Object> environments() {
    Map<String, Object> figures = new LinkedHashMap<>();
    environments.forEach((name, ended) -> figures.put(name, ended.line()));
    environments.clear();
    return figures;
  }

  /** The pipeline was blocked on weights for {@code ms}. */
  synchronized void waitedForWeights(double ms) {
    waitMs += ms;
    metrics.checkpointWaited(ms);
  }

  /** An update of the fleet ended; {@code inflight} rollouts were streaming when it began. */
  synchronized void updated(UpdateResult update, int inflight) {
    metrics.fleet().updated(update);
    update.replicas().forEach(replica -> server(replica, update.version(), inflight));
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("step", update.version());
    line.put("outcome", update.outcome().wireName());
    line.put("wall_ms", update.wallMs());
    update
        .blame()
        .ifPresent(
            blame -> {
              line.put("slowest", blame.replica().server().toString());
              line.put("slowest_phase", blame.phase().wireName());
              line.put("slowest_ms", blame.ms());
            });
    update.why().ifPresent(why -> line.put("error", why));
    file.append("fleet_update", line);
  }

  private void server(ReplicaResult replica, long step, int inflight) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("step", step);
    line.put("server", replica.server().toString());
    line.put("dialect", replica.dialect());
    line.put("inflight", inflight);
    line.put("status", status(replica));
    line.put("trace", replica.trace().hex());
    if (replica.moved()) {
      AdminTimings timings = replica.timings();
      timings.parts().totals().forEach(line::put);
      line.put("phases", timings.phases().byWireName());
    }
    Map<String, Double> calls = new LinkedHashMap<>();
    for (FleetPhase phase : FleetPhase.values()) {
      if (replica.phases().containsKey(phase)) {
        calls.put(phase.field(), replica.ms(phase));
      }
    }
    line.put("calls", calls);
    replica.failure().ifPresent(why -> line.put("error", why));
    file.append("update", line);
  }

  private static String status(ReplicaResult replica) {
    if (replica.moved()) {
      return "ok";
    }
    return replica.rejected() ? "refused" : replica.failure().isPresent() ? "failed" : "kept";
  }

  /** A server was brought to the version of the start. */
  void loaded(ReplicaResult replica) {
    metrics.fleet().acknowledged(ServerAddress.replica(replica.server()), replica.timings());
  }

  /** An evaluation ended. */
  synchronized void evaluated(EvaluationResult result) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("step", result.policyVersion());
    line.put("newest_step", result.newestVersion());
    line.put("reward", result.reward());
    line.put("samples", result.samples());
    line.put("problems", result.problems());
    line.put("failed", result.failed());
    Map<String, Object> environments = new LinkedHashMap<>();
    result.environments().forEach(e -> environments.put(e.name(), ofEnvironment(e)));
    line.put("environments", environments);
    line.put("dur_ms", result.durMs());
    if (!reportedEvaluation(result.policyVersion())) {
      file.append(EVALUATIONS, line);
    }
    metrics.evaluated(result);
  }

  private static Map<String, Object> ofEnvironment(EvaluationResult.OfEnvironment result) {
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("average", result.average());
    figures.put("pass_1", result.pass1());
    figures.put("pass_k", result.passK());
    figures.put("problems", result.problems());
    figures.put("failed", result.failed());
    figures.put("metrics", result.metrics());
    return figures;
  }

  synchronized double stalenessMean() {
    return rollouts == 0 ? 0 : stalenessSum / rollouts;
  }

  synchronized long stalenessMax() {
    return stalenessMax;
  }
}
