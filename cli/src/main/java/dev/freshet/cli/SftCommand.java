package dev.freshet.cli;

import dev.freshet.trace.EventLog;
import dev.freshet.trace.MetricsFile;
import dev.freshet.trace.metrics.MetricsRegistry;
import dev.freshet.trace.metrics.TrainerMetrics;
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
    RunDirectory run = RunDirectory.of(config);
    run.requireFresh(0);
    run.create(config);
    Logs.toRun(run, "trainer");
    Terminal terminal = Terminal.standard();
    try (MetricsFile metrics = run.metrics("trainer")) {
      EventLog events = Logs.events("trainer");
      TrainerMetrics unread = new TrainerMetrics(new MetricsRegistry(), events.clock());
      BaseModel base = new BaseModel(config, run, events, metrics, unread);
      if (!base.make(lifetime, terminal)) {
        return Main.STOPPED;
      }
    }
    terminal.say("base model in %s", run.weights().path(0));
    return 0;
  }
}
