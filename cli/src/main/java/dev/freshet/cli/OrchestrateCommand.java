package dev.freshet.cli;

import dev.freshet.lab.RunSummary;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.MetricsFile;
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
    Terminal terminal = Terminal.standard();
    LaneRehearsal.hold();
    try (Tokenizer tokenizer = Tokenizer.load(run.weights().path(0));
        MetricsFile metrics = run.metrics("orchestrator")) {
      OrchestratorRun orchestrator =
          new OrchestratorRun(
              config,
              Roles.servers(config.orchestrator()),
              run,
              tokenizer,
              metrics,
              terminal,
              System.nanoTime());
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
