package dev.freshet.lab.lanes;

import dev.freshet.fleet.dialect.Dialects;
import dev.freshet.lab.ServeProcess;
import dev.freshet.lab.swap.RandomCheckpoints;
import dev.freshet.lab.swap.SwapShape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The server that {@code freshet bench} measures.
 *
 * @param process its process, if the benchmark started it; closing ends it
 */
public record BenchServer(LaneTarget target, Optional<ServeProcess> process)
    implements AutoCloseable {
  /** The shape of the decoder that the embedded engine runs. */
  private static final SwapShape SHAPE = SwapShape.named("small");

  /**
   * Starts a server with a small decoder of random weights.
   *
   * @param main the main class of the {@code freshet} command
   * @param dir the directory for checkpoints and logs
   * @param streams completions decoded at once
   * @param maxModelLen the most tokens of prompt and completion
   */
  public static BenchServer embedded(Class<?> main, Path dir, int streams, int maxModelLen)
      throws IOException, InterruptedException {
    List<Path> checkpoints =
        new RandomCheckpoints(SHAPE.config()).publish(dir.resolve("weights"), 2);
    ServeProcess process =
        ServeProcess.embedded(
            main, dir, checkpoints.getFirst(), new ServeProcess.Embedded(streams, maxModelLen));
    return started("embedded engine", process, checkpoints.stream().map(Path::toString).toList());
  }

  /** Starts a server without a model, which makes {@code rate} tokens a second per stream. */
  public static BenchServer synthetic(Class<?> main, Path dir, double rate)
      throws IOException, InterruptedException {
    return started(
        "synthetic engine", ServeProcess.synthetic(main, dir, rate, List.of()), List.of("none"));
  }

  private static BenchServer started(String name, ServeProcess process, List<String> weights) {
    return new BenchServer(
        new LaneTarget(name, Dialects.FRESHET, process.dataUrl(), process.adminUrl(), weights),
        Optional.of(process));
  }

  /** A server that runs already. */
  public static BenchServer running(LaneTarget target) {
    return new BenchServer(target, Optional.empty());
  }

  @Override
  public void close() {
    process.ifPresent(ServeProcess::close);
  }
}
