package dev.freshet.cli;

import dev.freshet.analysis.RunSummary;
import dev.freshet.config.ConfigLoader;
import dev.freshet.dashboard.Dashboard;
import dev.freshet.fleet.ServerAddress;
import dev.freshet.metrics.MetricsFile;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.orchestrator.OrchestratorMetrics;
import dev.freshet.process.Lifetime;
import dev.freshet.process.Logs;
import dev.freshet.process.RunDirectory;
import dev.freshet.process.StallRecorder;
import dev.freshet.process.Terminal;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.EventLog;
import dev.freshet.trainer.TrainerLoop;
import dev.freshet.trainer.TrainerMetrics;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code freshet run}: all three roles in this process, over loopback HTTP and the file system. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = "Train a policy end to end: inference, orchestrator and trainer in one process.")
final class RunCommand extends RunningCommand {
  @Mixin ConfigOptions options = new ConfigOptions();

  @Override
  protected int run(Lifetime lifetime) throws InterruptedException, IOException {
    FreshetConfig config = options.load();
    if (options.dryRun()) {
      return options.print(config);
    }
    RunDirectory run = Runs.of(config);
    Runs.requireFresh(run, 0);
    run.create(ConfigLoader.toToml(config));
    Logs.toRun(run, Roles.PACKAGES, "orchestrator");
    Roles.exportSpans(config);
    Terminal terminal = Terminal.standard();
    terminal.say("freshet run: %d steps in %s", config.run().steps(), run.path());
    long start = System.nanoTime();
    EventLog events = Logs.events("trainer");
    MetricsRegistry registry = MetricsRegistry.withJvm();
    TrainerMetrics metrics = new TrainerMetrics(registry, events.clock());
    try (MetricsFile file = run.metrics("trainer")) {
      BaseModel base = new BaseModel(config, run, events, file, metrics);
      if (!base.make(lifetime, terminal) || lifetime.stopping()) {
        return Lifetime.STOPPED;
      }
      if (!reinforce(config, run, lifetime, terminal, file, registry, metrics, start)) {
        terminal.say("stopped; logs and weights are in %s", run.path());
        return Lifetime.STOPPED;
      }
    }
    RunSummary summary = RunSummary.read(run.path());
    summary.write(run.summary());
    terminal.say("%n%s", summary.table());
    terminal.say("  weights          %s", Runs.weights(run).path(config.run().steps()));
    terminal.say("  logs             %s", run.logs());
    terminal.say("  summary          %s", run.summary());
    return 0;
  }

  /** Runs the loop to its end; whether it got there. */
  private static boolean reinforce(
      FreshetConfig config,
      RunDirectory run,
      Lifetime lifetime,
      Terminal terminal,
      MetricsFile trainerFile,
      MetricsRegistry registry,
      TrainerMetrics trainerMetrics,
      long startNanos)
      throws InterruptedException, IOException {
    try (Tokenizer tokenizer = Tokenizer.load(Runs.weights(run).path(0));
        StallRecorder _ =
            Roles.stalls("run", config, StallRecorder.OtherRoles.NONE, run.reports());
        Dashboard dashboard = Roles.dashboard("run", config, run);
        InferenceServer server =
            InferenceServer.start(
                Runs.weights(run).path(0),
                config.inference().onFreePorts(),
                Logs.events("inference"),
                registry,
                dashboard);
        TrainerLoop trainer =
            new TrainerLoop(
                Roles.trainer(config),
                Runs.weights(run),
                Runs.batches(run),
                Logs.events("trainer"),
                trainerFile,
                trainerMetrics);
        MetricsFile file = run.metrics("orchestrator")) {
      ServerAddress address = new ServerAddress(server.dataUrl(), server.adminUrl());
      terminal.say("dashboard %s/%nmetrics   %s/metrics", server.adminUrl(), server.adminUrl());
      OrchestratorRun orchestrator =
          new OrchestratorRun(
              config,
              List.of(address),
              run,
              tokenizer,
              file,
              new OrchestratorMetrics(registry),
              terminal,
              startNanos);
      dashboard.follow(Runs.files(run, config, tokenizer));
      dashboard.state("replicas", orchestrator::replicas);
      lifetime.onStop(orchestrator::stop);
      try (TrainerThread training =
          new TrainerThread(trainer, orchestrator::trained, orchestrator::stop)) {
        boolean finished = orchestrator.run();
        training.requireNoFailure();
        return finished;
      }
    }
  }
}
