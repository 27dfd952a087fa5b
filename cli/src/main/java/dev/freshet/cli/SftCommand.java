package dev.freshet.cli;

import dev.freshet.config.ConfigLoader;
import dev.freshet.metrics.MetricsFile;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.process.Lifetime;
import dev.freshet.process.Logs;
import dev.freshet.process.RunDirectory;
import dev.freshet.process.Terminal;
import dev.freshet.trainer.TrainerMetrics;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code freshet sft}: makes the base model of a run. */
@Command(
    name = "sft",
    mixinStandardHelpOptions = true,
    description = "Make a run's base model, weights/step_0, by a supervised warm-up.")
final class SftCommand extends RunningCommand {
  @Mixin ConfigOptions options = new ConfigOptions();

  @Override
  protected int run(Lifetime lifetime) throws IOException {
    FreshetConfig config = options.load();
    if (options.dryRun()) {
      return options.print(config);
    }
    RunDirectory run = Runs.of(config);
    Runs.requireFresh(run, 0);
    run.create(ConfigLoader.toToml(config));
    Logs.toRun(run, Roles.PACKAGES, "trainer");
    Terminal terminal = Terminal.standard();
    try (MetricsFile metrics = run.metrics("trainer")) {
      TrainerMetrics unread =
          new TrainerMetrics(new MetricsRegistry(), Logs.events("trainer").clock());
      if (!Roles.makeBaseModel(config, run, metrics, unread, lifetime, terminal)) {
        return Lifetime.STOPPED;
      }
    }
    terminal.say("base model in %s", Runs.weights(run).path(0));
    return 0;
  }
}
