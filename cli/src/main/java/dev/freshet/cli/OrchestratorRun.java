package dev.freshet.cli;

import dev.freshet.fleet.ReplicaStatus;
import dev.freshet.fleet.ServerAddress;
import dev.freshet.metrics.MetricsFile;
import dev.freshet.orchestrator.Orchestrator;
import dev.freshet.orchestrator.OrchestratorMetrics;
import dev.freshet.orchestrator.OrchestratorReport;
import dev.freshet.orchestrator.Progress;
import dev.freshet.process.Logs;
import dev.freshet.process.Memory;
import dev.freshet.process.RunDirectory;
import dev.freshet.process.Terminal;
import dev.freshet.text.Tokenizer;
import dev.freshet.trainer.StepMetrics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The orchestrator of a run with what a person sees of it, and the run's last line in its metrics.
 */
final class OrchestratorRun {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Orchestrator orchestrator;
  private final MetricsFile file;
  private final Terminal terminal;
  private final long startNanos;
  private volatile Optional<StepMetrics> trained = Optional.empty();

  OrchestratorRun(
      FreshetConfig config,
      List<ServerAddress> servers,
      RunDirectory run,
      Tokenizer tokenizer,
      MetricsFile file,
      OrchestratorMetrics metrics,
      Terminal terminal,
      long startNanos) {
    this.file = file;
    this.terminal = terminal;
    this.startNanos = startNanos;
    this.orchestrator =
        new Orchestrator(
            Roles.orchestrator(config, servers),
            BaseModel.environment(config, tokenizer),
            Runs.weights(run),
            Runs.batches(run),
            file,
            metrics,
            Logs.events("orchestrator"),
            this::show);
  }

  /** Runs to the end; whether it got there. */
  boolean run() throws InterruptedException {
    long generating = System.nanoTime();
    OrchestratorReport report = orchestrator.run();
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("finished", report.finished());
    line.put("policy_version", report.policyVersion());
    line.put("generated_tokens", report.generatedTokens());
    line.put("generation_s", seconds(generating));
    line.put("wall_s", seconds(startNanos));
    line.put("rss_mb", Memory.peakMb());
    file.append("run", line);
    return report.finished();
  }

  private static double seconds(long sinceNanos) {
    return (System.nanoTime() - sinceNanos) / 1e9;
  }

  /** How the servers are, for the page: a JSON list. */
  String replicas() {
    ArrayNode list = JSON.createArrayNode();
    for (ReplicaStatus replica : orchestrator.replicas()) {
      ObjectNode node = list.addObject();
      node.put("server", replica.server());
      node.put("state", replica.quarantined().isPresent() ? "quarantined" : "serving");
      node.put("version", replica.version());
      node.put("streams", replica.rollouts());
      replica.quarantined().ifPresent(why -> node.put("why", why));
    }
    return list.toString();
  }

  /** Lets {@link #run} return soon. */
  void stop() {
    orchestrator.stop();
  }

  /** The trainer has taken a step. */
  void trained(StepMetrics step) {
    trained = Optional.of(step);
  }

  private void show(Progress progress) {
    switch (progress.stage()) {
      case EVALUATING_START -> terminal.say("evaluating the base model on held-out problems");
      case GENERATING, AWAITING_LAST_WEIGHTS ->
          terminal.progress(
              "step",
              progress.step(),
              progress.steps(),
              "%spolicy v%d  staleness %d  in flight %d%s",
              progress.reward().isPresent()
                  ? "reward %.3f  ".formatted(progress.reward().getAsDouble())
                  : "",
              progress.policyVersion(),
              progress.staleness(),
              progress.inFlight(),
              trained
                  .map(t -> "  KL %.1e  entropy %.2f".formatted(t.mismatchKl(), t.entropy()))
                  .orElse(""));
      case EVALUATING_END -> terminal.say("evaluating the last weights on held-out problems");
      case ENDED -> {}
    }
  }
}
