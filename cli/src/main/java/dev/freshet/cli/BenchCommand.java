package dev.freshet.cli;

import dev.freshet.lab.lanes.LaneBench;
import dev.freshet.lab.lanes.LaneFigures;
import dev.freshet.lab.lanes.LaneJson;
import dev.freshet.lab.lanes.LaneTable;
import dev.freshet.lab.lanes.LaneTarget;
import dev.freshet.process.Lifetime;
import java.io.IOException;
import java.util.Collections;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/**
 * {@code freshet bench}: reproduces the bottleneck and its cure. Measures weight updates of a
 * streaming server through the streams' connection pool and on the admin lane. The subcommands
 * measure single parts.
 */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description =
        "Measure weight updates under streaming load, through the streams' connection pool and on"
            + " the admin lane.",
    subcommands = {
      BenchEngineCommand.class,
      BenchFrontCommand.class,
      BenchReplayCommand.class,
      BenchRouteCommand.class,
      BenchSwapCommand.class,
      BenchTrainCommand.class
    })
final class BenchCommand extends RunningCommand {
  @Mixin private BenchServerOptions server = new BenchServerOptions();

  @Mixin private LaneOptions options = new LaneOptions();

  @Mixin private LaneOutputs outputs = new LaneOutputs();

  @Override
  protected int run(Lifetime lifetime) throws InterruptedException, IOException {
    LaneBench plan = options.plan();
    int streams = Collections.max(plan.streams());
    server.require(streams, plan.load());
    outputs.requireWritable();
    return server.measure(lifetime, streams, plan.load(), target -> measure(plan, target));
  }

  private void measure(LaneBench plan, LaneTarget target) throws InterruptedException {
    System.out.println(LaneTable.head(target.name(), plan));
    LaneFigures figures =
        plan.measure(target, stretch -> System.out.println(LaneTable.lines(stretch)));
    System.out.print(LaneTable.comparison(figures));
    outputs.write(figures, LaneTable.words(plan), file -> LaneJson.write(figures, file));
  }
}
