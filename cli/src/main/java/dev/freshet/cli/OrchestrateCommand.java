package dev.freshet.cli;

import dev.freshet.cli.dashboard.Dashboard;
import dev.freshet.inference.front.StatusListener;
import dev.freshet.lab.RunSummary;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.MetricsFile;
import dev.freshet.trace.metrics.MetricsRegistry;
import dev.freshet.trace.metrics.OrchestratorMetrics;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/**
 * {@code freshet orchestrate}: the orchestrator of a run alone, with the servers that the
 * configuration names.
 */
@Command(
    name = "orchestrate",
    mixinStandardHelpOptions = true,
    description =
        "Drive rollouts on inference servers, hand batches to the trainer, update the servers.")
final class OrchestrateCommand extends RunningCommand {
  @Mixin ConfigOptions options = new ConfigOptions();

  @Override
  protected int run(Lifetime lifetime) throws InterruptedException, IOException {
    FreshetConfig config = options.load();
    if (options.dryRun()) {
      return options.print(config);
    }
    RunDirectory run = RunDirectory.existing(config);
    Logs.toRun(run, "orchestrator");
    Logs.exportSpans(config.telemetry());
    Terminal terminal = Terminal.standard();
    LaneRehearsal.hold();
    MetricsRegistry registry = MetricsRegistry.withJvm();
    try (Tokenizer tokenizer = Tokenizer.load(run.weights().path(0));
        StallRecorder _ =
            StallRecorder.of(
                "orchestrator", config, Roles.othersOfOrchestrator(config), run.reports());
        Dashboard dashboard = Roles.dashboard("orchestrator", config, run);
        StatusListener status =
            Roles.status(
                config.orchestrator().httpHost(),
                config.orchestrator().httpPort(),
                registry,
                dashboard);
        MetricsFile file = run.metrics("orchestrator")) {
      terminal.say(
          "freshet orchestrate: %s%n  dashboard   %s/%n  metrics     %s/metrics",
          run.path(), status.url(), status.url());
      OrchestratorRun orchestrator =
          new OrchestratorRun(
              config,
              Roles.servers(config.orchestrator()),
              run,
              tokenizer,
              file,
              new OrchestratorMetrics(registry),
              terminal,
              System.nanoTime());
      dashboard.follow(run.files(config, tokenizer));
      dashboard.state("replicas", orchestrator::replicas);
      lifetime.onStop(orchestrator::stop);
      if (!orchestrator.run()) {
        return Main.STOPPED;
      }
    }
    RunSummary summary = RunSummary.read(run.metricsPath());
    summary.write(run.summary());
    terminal.say("%n%s", summary.table());
    return 0;
  }
}
