package dev.freshet.cli;

import dev.freshet.cli.dashboard.Dashboard;
import dev.freshet.inference.front.StatusListener;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MetricsFile;
import dev.freshet.trace.metrics.MetricsRegistry;
import dev.freshet.trace.metrics.TrainerMetrics;
import dev.freshet.trainer.TrainerLoop;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code freshet train}: the trainer of a run alone. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    description = "Train on the batches of a run directory and publish its weights.")
final class TrainCommand extends RunningCommand {
  @Mixin ConfigOptions options = new ConfigOptions();

  @Override
  protected int run(Lifetime lifetime) throws IOException {
    FreshetConfig config = options.load();
    if (options.dryRun()) {
      return options.print(config);
    }
    RunDirectory run = RunDirectory.existing(config);
    run.requireFresh(1);
    Logs.toRun(run, "trainer");
    Terminal terminal = Terminal.standard();
    EventLog events = Logs.events("trainer");
    MetricsRegistry registry = MetricsRegistry.withJvm();
    TrainerMetrics metrics = new TrainerMetrics(registry, events.clock());
    try (Tokenizer tokenizer = Tokenizer.load(run.weights().path(0));
        StallRecorder _ =
            StallRecorder.of("trainer", config, Roles.othersOfTrainer(config), run.reports());
        Dashboard dashboard = Roles.dashboard("trainer", config, run);
        StatusListener status =
            Roles.status(
                config.trainer().httpHost(), config.trainer().httpPort(), registry, dashboard);
        MetricsFile file = run.metrics("trainer");
        TrainerLoop trainer =
            new TrainerLoop(
                Roles.trainer(config), run.weights(), run.batches(), events, file, metrics)) {
      terminal.say(
          "freshet train: %s%n  dashboard   %s/%n  metrics     %s/metrics",
          run.path(), status.url(), status.url());
      dashboard.follow(run.files(config, tokenizer));
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
                  step.entropy(),
                  step.gradNorm(),
                  step.tokensPerSecond()));
    }
    return lifetime.stopping() ? Main.STOPPED : 0;
  }
}
