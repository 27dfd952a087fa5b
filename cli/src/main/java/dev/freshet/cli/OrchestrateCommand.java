package dev.freshet.cli;

import dev.freshet.analysis.RunSummary;
import dev.freshet.dashboard.Dashboard;
import dev.freshet.environments.EnvironmentMix;
import dev.freshet.http.StatusListener;
import dev.freshet.metrics.MetricsFile;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.orchestrator.Orchestrator;
import dev.freshet.orchestrator.OrchestratorReport;
import dev.freshet.process.Lifetime;
import dev.freshet.process.Logs;
import dev.freshet.process.Memory;
import dev.freshet.process.RunDirectory;
import dev.freshet.process.StallRecorder;
import dev.freshet.process.Terminal;
import dev.freshet.rollouts.RunJournal;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.ThreadPriority;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code freshet orchestrate}: the orchestrator of a run in a process of its own, with the servers
 * that the configuration names.
 */
@Command(
    name = "orchestrate",
    mixinStandardHelpOptions = true,
    description =
        "Drive rollouts on inference servers, hand batches to the trainer, update the servers.")
final class OrchestrateCommand extends RunningCommand {
  @Mixin ConfigOptions options = new ConfigOptions();

  @Option(
      names = "--resume",
      description =
          "Continue where the orchestrator of the run directory ended, with its rollouts, batches"
              + " and policy version; begin if there was none.")
  private boolean resume;

  @Override
  protected int run(Lifetime lifetime) throws InterruptedException, IOException {
    FreshetConfig config = options.load();
    if (options.dryRun()) {
      return options.print(config);
    }
    RunDirectory run = Runs.existing(config);
    Logs.toRun(run, Roles.PACKAGES, "orchestrator");
    Roles.exportSpans(config);
    Terminal terminal = Terminal.standard();
    ThreadPriority.lowerCompilers();
    MetricsRegistry registry = MetricsRegistry.withJvm();
    try (Tokenizer tokenizer = Tokenizer.load(Runs.weights(run).path(0));
        EnvironmentMix environments = Roles.environments(config);
        StallRecorder _ =
            Roles.stalls(
                "orchestrator", config, Roles.othersOfOrchestrator(config), run.reports());
        Dashboard dashboard = Roles.dashboard("orchestrator", config, run);
        StatusListener status = status(config, registry, dashboard);
        RunJournal journal = Runs.journal(run, config, resume);
        MetricsFile file = run.metrics("orchestrator")) {
      terminal.say(
          "freshet orchestrate: %s%n  dashboard   %s/%n  metrics     %s/metrics",
          run.path(), status.url(), status.url());
      Orchestrator orchestrator =
          Roles.orchestrator(
              config,
              config.orchestrator(),
              run,
              environments,
              tokenizer,
              config.trainer().packLength(),
              journal,
              file,
              registry,
              new RunConsole(terminal));
      dashboard.follow(Runs.files(run, config, tokenizer));
      dashboard.state("replicas", orchestrator::replicasJson);
      lifetime.onStop(orchestrator::stop);
      long start = System.nanoTime();
      OrchestratorReport report = orchestrator.run();
      file.append("run", report.line((System.nanoTime() - start) / 1e9, Memory.peakMb()));
      if (!report.finished()) {
        return Lifetime.STOPPED;
      }
    }
    RunSummary summary = RunSummary.read(run.path());
    summary.write(run.summary());
    terminal.say("%n%s", summary.table());
    return 0;
  }

  private static StatusListener status(
      FreshetConfig config, MetricsRegistry registry, Dashboard dashboard) {
    return Roles.status(
        config.orchestrator().httpHost(),
        config.orchestrator().httpPort(),
        config,
        registry,
        dashboard);
  }
}
