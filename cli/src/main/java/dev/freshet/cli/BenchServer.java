package dev.freshet.cli;

import dev.freshet.fleet.Dialects;
import dev.freshet.lab.lanes.LaneTarget;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The server that {@code freshet bench} measures.
 *
 * @param process its process, if this one started it and ends it
 */
record BenchServer(LaneTarget target, Optional<ServeProcess> process) implements AutoCloseable {
  /** A small decoder's shape. */
  private static final SwapShape SHAPE = SwapShape.named("small");

  /**
   * A small decoder with random weights, that decodes {@code streams} completions at once.
   *
   * @param dir where checkpoints and logs go
   * @param maxModelLen the most tokens of prompt and completion
   */
  static BenchServer embedded(Path dir, int streams, int maxModelLen)
      throws IOException, InterruptedException {
    List<Path> checkpoints =
        new RandomCheckpoints(SHAPE.config()).publish(dir.resolve("weights"), 2);
    ServeProcess process = ServeProcess.embedded(dir, checkpoints.getFirst(), streams, maxModelLen);
    return started("embedded engine", process, checkpoints.stream().map(Path::toString).toList());
  }

  /** An engine without a model, which makes {@code rate} tokens a second. */
  static BenchServer synthetic(Path dir, double rate) throws IOException, InterruptedException {
    return started(
        "synthetic engine", ServeProcess.synthetic(dir, rate, List.of()), List.of("none"));
  }

  private static BenchServer started(String name, ServeProcess process, List<String> weights) {
    return new BenchServer(
        new LaneTarget(name, Dialects.FRESHET, process.dataUrl(), process.adminUrl(), weights),
        Optional.of(process));
  }

  /** One that runs already. */
  static BenchServer running(LaneTarget target) {
    return new BenchServer(target, Optional.empty());
  }

  @Override
  public void close() {
    process.ifPresent(ServeProcess::close);
  }
}
