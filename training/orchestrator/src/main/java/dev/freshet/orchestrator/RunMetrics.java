package dev.freshet.orchestrator;

import dev.freshet.fleet.ServerAddress;
import dev.freshet.fleet.ServerUpdate;
import dev.freshet.metrics.MetricsFile;
import dev.freshet.trace.AdminTimings;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Writes the orchestrator's metrics lines, updates its metrics page, and sums up staleness for the
 * report. Keeps no history. Thread-safe.
 */
final class RunMetrics {
  private final MetricsFile file;
  private final OrchestratorMetrics metrics;
  private double waitMs;
  private GroupCounts before = new GroupCounts(0, 0, 0, 0, 0, 0, 0, 0);
  private double stalenessSum;
  private long stalenessMax;
  private long rollouts;

  RunMetrics(MetricsFile file, OrchestratorMetrics metrics) {
    this.file = file;
    this.metrics = metrics;
  }

  /**
   * A batch was handed to the trainer, after which the groups are counted by {@code counts}. Shares
   * and percentages are of the groups that ended since the previous batch.
   */
  synchronized void batch(BatchStats batch, GroupCounts counts, long policyVersion) {
    stalenessSum += batch.stalenessMean() * batch.rollouts();
    stalenessMax = Math.max(stalenessMax, batch.stalenessMax());
    rollouts += batch.rollouts();
    long packed = counts.packed() - before.packed();
    long filtered = counts.filtered() - before.filtered();
    long failed = counts.failed() - before.failed();
    long stale = counts.stale() - before.stale();
    metrics.batch(batch.metrics());
    metrics.groups(packed, filtered, stale, failed);
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
    line.put("policy_version", policyVersion);
    line.put("dur_ms", batch.durMs());
    line.put("wait_ms", waitMs);
    line.put("rollouts", batch.rollouts());
    line.put("tokens", batch.tokens());
    file.append("step", line);
    before = counts;
    waitMs = 0;
  }

  /** The pipeline was blocked on weights for {@code ms}. */
  synchronized void waitedForWeights(double ms) {
    waitMs += ms;
    metrics.checkpointWaited(ms);
  }

  /** An update of one server ended; {@code inflight} rollouts were streaming when it began. */
  synchronized void updated(ServerUpdate update, long step, int inflight) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("step", step);
    line.put("server", update.server().toString());
    line.put("inflight", inflight);
    switch (update) {
      case ServerUpdate.Acknowledged ok -> {
        AdminTimings timings = ok.timings();
        metrics.fleet().acknowledged(ServerAddress.replica(update.server()), timings);
        line.put("status", "ok");
        line.put("trace", timings.trace().hex());
        timings.parts().totals().forEach(line::put);
        line.put("phases", timings.phases().byWireName());
      }
      case ServerUpdate.Refused refused -> {
        metrics.fleet().refused(ServerAddress.replica(update.server()));
        line.put("status", "refused");
        line.put("error", refused.why());
      }
      case ServerUpdate.Failed failed -> {
        metrics.fleet().failed(ServerAddress.replica(update.server()));
        line.put("status", "failed");
        line.put("error", failed.why());
      }
    }
    file.append("update", line);
  }

  /** A server reloaded its base model before the run. */
  void reloaded(ServerAddress server, AdminTimings timings) {
    metrics.fleet().acknowledged(ServerAddress.replica(server.admin()), timings);
  }

  /** An evaluation ended. */
  synchronized void evaluated(EvaluationResult result) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("step", result.policyVersion());
    line.put("newest_step", result.newestVersion());
    line.put("reward", result.reward());
    line.put("problems", result.problems());
    line.put("failed", result.failed());
    line.put("dur_ms", result.durMs());
    file.append("eval", line);
    metrics.evaluated(result.reward());
  }

  synchronized double stalenessMean() {
    return rollouts == 0 ? 0 : stalenessSum / rollouts;
  }

  synchronized long stalenessMax() {
    return stalenessMax;
  }
}
