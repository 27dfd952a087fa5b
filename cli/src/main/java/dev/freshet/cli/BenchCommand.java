package dev.freshet.cli;

import dev.freshet.lab.lanes.Lane;
import dev.freshet.lab.lanes.LaneBench;
import dev.freshet.lab.lanes.LaneCsv;
import dev.freshet.lab.lanes.LaneFigures;
import dev.freshet.lab.lanes.LaneJson;
import dev.freshet.lab.lanes.LaneTable;
import dev.freshet.lab.lanes.LaneTarget;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code freshet bench}: the bottleneck and its cure. Weight updates of a server beside streams,
 * through the streams' connection pool and on a lane of their own. What a part alone can do is
 * measured by its subcommands.
 */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description =
        "Measure weight updates beside streams, through their pool and on the admin lane.",
    subcommands = {BenchFrontCommand.class, BenchReplayCommand.class, BenchSwapCommand.class})
final class BenchCommand extends RunningCommand {
  @Mixin private BenchServerOptions server = new BenchServerOptions();

  @Option(names = "--json", paramLabel = "FILE", description = "Where to write the figures.")
  private Optional<Path> json = Optional.empty();

  @Option(
      names = "--csv",
      paramLabel = "FILE",
      description = "Where to write every update, a line each.")
  private Optional<Path> csv = Optional.empty();

  @Mixin private LaneOptions options = new LaneOptions();

  @Override
  protected int run(Lifetime lifetime) throws InterruptedException, IOException {
    LaneBench plan = options.plan();
    int streams = Collections.max(plan.streams());
    server.require(streams, plan.load());
    return server.measure(lifetime, streams, plan.load(), target -> measure(plan, target));
  }

  private void measure(LaneBench plan, LaneTarget target) throws InterruptedException {
    System.out.println(LaneTable.head(target.name(), plan));
    LaneFigures figures =
        plan.measure(target, stretch -> System.out.println(LaneTable.lines(stretch)));
    if (plan.lanes().size() == Lane.values().length) {
      System.out.println(LaneTable.comparison(figures));
    }
    json.ifPresent(file -> LaneJson.write(figures, file));
    csv.ifPresent(file -> LaneCsv.write(figures, file));
  }
}
