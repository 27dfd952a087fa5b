package dev.freshet.cli;

import dev.freshet.dashboard.Dashboard;
import dev.freshet.http.StatusListener;
import dev.freshet.metrics.MetricsFile;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.process.Lifetime;
import dev.freshet.process.Logs;
import dev.freshet.process.RunDirectory;
import dev.freshet.process.StallRecorder;
import dev.freshet.process.Terminal;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.ThreadPriority;
import dev.freshet.trainer.TrainerLoop;
import dev.freshet.trainer.TrainerMetrics;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code freshet train}: the trainer of a run in a process of its own. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    description = "Train on the batches of a run directory and publish its weights.")
final class TrainCommand extends RunningCommand {
  @Mixin ConfigOptions options = new ConfigOptions();

  @Option(
      names = "--resume",
      description =
          "Continue where the trainer of the run directory ended, with the same weights, optimizer and"
              + " batches.")
  private boolean resume;

  @Override
  protected int run(Lifetime lifetime) throws IOException {
    FreshetConfig config = options.load();
    if (options.dryRun()) {
      return options.print(config);
    }
    ThreadPriority.lowerCompilers();
    RunDirectory run = Runs.existing(config);
    if (!resume) {
      Runs.requireFresh(run, 1);
    }
    Logs.toRun(run, Roles.PACKAGES, "trainer");
    Terminal terminal = Terminal.standard();
    MetricsRegistry registry = MetricsRegistry.withJvm();
    TrainerMetrics metrics = new TrainerMetrics(registry, Logs.events("trainer").clock());
    try (Tokenizer tokenizer = Tokenizer.load(Runs.weights(run).path(0));
        StallRecorder _ =
            Roles.stalls("trainer", config, Roles.othersOfTrainer(config), run.reports());
        Dashboard dashboard = Roles.dashboard("trainer", config, run);
        StatusListener status =
            Roles.status(
                config.trainer().httpHost(),
                config.trainer().httpPort(),
                config,
                registry,
                dashboard);
        MetricsFile file = run.metrics("trainer");
        TrainerLoop trainer = Roles.trainer(config, run, resume, file, metrics)) {
      terminal.say(
          "freshet train: %s%n  dashboard   %s/%n  metrics     %s/metrics",
          run.path(), status.url(), status.url());
      dashboard.follow(Runs.files(run, config, tokenizer));
      lifetime.onStop(trainer::stop);
      trainer.run(
          step ->
              terminal.progress(
                  "step",
                  step.step(),
                  config.run().steps(),
                  "loss %.4f  KL %.1e  entropy %.2f  grad %.2f  %,.0f tokens/s",
                  step.loss(),
                  step.mismatchKl(),
                  step.quality().entropy(),
                  step.gradNorm(),
                  step.tokensPerSecond()));
    }
    return lifetime.stopping() ? Lifetime.STOPPED : 0;
  }
}
