package dev.freshet.cli;

import dev.freshet.analysis.AnalyzeOptions;
import dev.freshet.analysis.LogAnalysis;
import dev.freshet.lab.lanes.LaneFigures;
import dev.freshet.lab.lanes.LaneJson;
import dev.freshet.lab.lanes.LaneReplay;
import dev.freshet.lab.lanes.LaneTable;
import dev.freshet.lab.lanes.LaneTarget;
import dev.freshet.lab.lanes.Recording;
import dev.freshet.lab.load.LoadShape;
import dev.freshet.process.Lifetime;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code freshet bench replay}: replays the load of a recorded run on a server, with updates
 * through the streams' pool and on the admin lane, and compares with the run's logs.
 */
@Command(
    name = "replay",
    mixinStandardHelpOptions = true,
    description = "Measure updates under the load of a recorded run, reconstructed from its logs.")
final class BenchReplayCommand extends RunningCommand {
  private static final double MAX_SPEED = 1000;
  private static final int MAX_SECONDS = 1_000_000;

  @Parameters(
      arity = "1..*",
      paramLabel = "LOG",
      description = "Log files of one run, plain or gzip, or directories of them.")
  private List<Path> logs = List.of();

  @Option(
      names = "--from",
      paramLabel = "S",
      description = "Second of the recorded run to start at (default: 0).")
  private int fromS;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      description = "Seconds of the recorded run to replay (default: all).")
  private Optional<Integer> seconds = Optional.empty();

  @Option(
      names = "--speed",
      paramLabel = "X",
      description = "Speed relative to the recording (default: 1).")
  private double speed = 1;

  @Mixin private BenchServerOptions server = new BenchServerOptions();

  @Mixin private LoadOptions options = new LoadOptions();

  @Mixin private LaneOutputs outputs = new LaneOutputs();

  @Override
  protected int run(Lifetime lifetime) throws InterruptedException, IOException {
    LoadOptions.require(
        fromS >= 0 && fromS <= MAX_SECONDS, "--from " + fromS, "0 to " + MAX_SECONDS);
    seconds.ifPresent(
        length ->
            LoadOptions.require(
                length >= 1 && length <= MAX_SECONDS,
                "--seconds " + length,
                "1 to " + MAX_SECONDS));
    LoadOptions.require(speed > 0 && speed <= MAX_SPEED, "--speed " + speed, "above 0 to 1000");
    outputs.requireWritable();
    LoadShape load = options.shape(OptionalDouble.empty());
    Recording recording =
        Recording.of(
                LogAnalysis.of(new AnalyzeOptions(Optional.empty(), Optional.empty()), logs),
                Duration.ofSeconds(fromS),
                seconds.map(Duration::ofSeconds))
            .at(speed);
    server.require(recording.maxStreams(), load);
    LaneReplay replay = new LaneReplay(recording, load, options.lanes());
    return server.measure(
        lifetime, recording.maxStreams(), load, target -> measure(replay, target));
  }

  private void measure(LaneReplay replay, LaneTarget target) throws InterruptedException {
    System.out.println(LaneTable.head(target.name(), replay));
    LaneFigures figures =
        replay.measure(target, stretch -> System.out.println(LaneTable.lines(stretch)));
    System.out.print(LaneTable.comparison(figures));
    outputs.write(
        figures,
        LaneTable.words(replay),
        file -> LaneJson.write(figures, replay.recording(), file));
  }
}
