package dev.freshet.cli;

import dev.freshet.analysis.RunSummary;
import dev.freshet.config.ConfigLoader;
import dev.freshet.dashboard.Dashboard;
import dev.freshet.environments.EnvironmentMix;
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
import dev.freshet.server.InferenceServer;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.ThreadPriority;
import dev.freshet.trainer.TrainerLoop;
import dev.freshet.trainer.TrainerMetrics;
import dev.freshet.trainer.TrainerThread;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code freshet run}: all three roles in this process, over loopback HTTP and the file system. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = "Train a policy end to end: inference, orchestrator and trainer in one process.")
final class RunCommand extends RunningCommand {
  @Mixin ConfigOptions options = new ConfigOptions();

  @Option(
      names = "--resume",
      description =
          "Continue the run of --run.dir where its process ended, with the configuration in that"
              + " directory unless --config is given.")
  private boolean resume;

  @Override
  protected int run(Lifetime lifetime) throws InterruptedException, IOException {
    FreshetConfig config = resume ? options.loadOfRun() : options.load();
    if (options.dryRun()) {
      return options.print(config);
    }
    RunDirectory run = Runs.of(config);
    if (!resume) {
      Runs.requireFresh(run, 0);
    }
    run.create(ConfigLoader.toToml(config));
    Logs.toRun(run, Roles.PACKAGES, "orchestrator");
    Roles.exportSpans(config);
    Terminal terminal = Terminal.standard();
    terminal.say("freshet run: %d steps in %s", config.run().steps(), run.path());
    long start = System.nanoTime();
    MetricsRegistry registry = MetricsRegistry.withJvm();
    TrainerMetrics metrics = new TrainerMetrics(registry, Logs.events("trainer").clock());
    try (MetricsFile file = run.metrics("trainer")) {
      boolean made = resume && Runs.weights(run).latest().isPresent();
      if (!(made || Roles.makeBaseModel(config, run, file, metrics, lifetime, terminal))
          || lifetime.stopping()) {
        return Lifetime.STOPPED;
      }
      if (!reinforce(config, run, resume, lifetime, terminal, file, registry, metrics, start)) {
        terminal.say("stopped; --resume --run.dir %s continues it", run.path());
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

  /** Runs the loop to its end; returns false if stopped before. */
  private static boolean reinforce(
      FreshetConfig config,
      RunDirectory run,
      boolean resume,
      Lifetime lifetime,
      Terminal terminal,
      MetricsFile trainerFile,
      MetricsRegistry registry,
      TrainerMetrics trainerMetrics,
      long startNanos)
      throws InterruptedException, IOException {
    ThreadPriority.lowerCompilers();
    try (Tokenizer tokenizer = Tokenizer.load(Runs.weights(run).path(0));
        EnvironmentMix environments = Roles.environments(config);
        StallRecorder _ =
            Roles.stalls("run", config, StallRecorder.OtherRoles.NONE, run.reports());
        Dashboard dashboard = Roles.dashboard("run", config, run);
        InferenceServer server =
            InferenceServer.start(
                Runs.weights(run).path(0),
                config.inference().onFreePorts(),
                config.http().quiet(),
                Logs.events("inference"),
                registry,
                Optional.of(dashboard.page()));
        TrainerLoop trainer = Roles.trainer(config, run, resume, trainerFile, trainerMetrics);
        RunJournal journal = Runs.journal(run, config, resume);
        MetricsFile file = run.metrics("orchestrator")) {
      dashboard.lines(() -> List.of(server.load()));
      terminal.say("dashboard %s/%nmetrics   %s/metrics", server.adminUrl(), server.adminUrl());
      RunConsole console = new RunConsole(terminal);
      Orchestrator orchestrator =
          Roles.orchestrator(
              config,
              config.orchestrator().withServer(server.dataUrl(), server.adminUrl()),
              run,
              environments,
              tokenizer,
              Math.min(config.trainer().packLength(), config.inference().engine().maxModelLen()),
              journal,
              file,
              registry,
              console);
      dashboard.follow(Runs.files(run, config, tokenizer));
      dashboard.state("replicas", orchestrator::replicasJson);
      lifetime.onStop(orchestrator::stop);
      server.onFailure(orchestrator::stop);
      try (TrainerThread training =
          new TrainerThread(trainer, console::trained, orchestrator::stop)) {
        OrchestratorReport report = orchestrator.run();
        file.append("run", report.line(secondsSince(startNanos), Memory.peakMb()));
        server.requireNoFailure();
        training.requireNoFailure();
        return report.finished();
      }
    }
  }

  private static double secondsSince(long nanos) {
    return (System.nanoTime() - nanos) / 1e9;
  }
}
