package dev.freshet.cli;

import dev.freshet.config.ConfigException;
import dev.freshet.lab.ServeProcess;
import dev.freshet.lab.swap.RandomCheckpoints;
import dev.freshet.lab.swap.SwapBench;
import dev.freshet.lab.swap.SwapFigures;
import dev.freshet.lab.swap.SwapReport;
import dev.freshet.lab.swap.SwapShape;
import dev.freshet.process.Lifetime;
import dev.freshet.process.StoppableWork;
import dev.freshet.process.TemporaryDirectory;
import dev.freshet.trace.ThreadPriority;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code freshet bench swap}: measures weight updates of the embedded engine while it decodes, and
 * compares with pausing and copying and with the limits of the machine.
 */
@Command(
    name = "swap",
    mixinStandardHelpOptions = true,
    description = "Measure weight updates of a decoding engine, on random weights.")
final class BenchSwapCommand extends RunningCommand {
  private static final int CHECKPOINTS = 2;
  private static final int MAX_SEQUENCES = 4096;

  /** Tokens of each prompt. */
  private static final int PROMPT_TOKENS = 1;

  @Option(
      names = "--shape",
      paramLabel = "NAME",
      description =
          "Shape of the decoder: tinyllama-1.1b, small or tiny (default: tinyllama-1.1b).")
  private String shape = SwapShape.TINYLLAMA.name();

  @Option(
      names = "--updates",
      paramLabel = "N",
      description = "Updates of each kind (default: depends on the shape).")
  private Optional<Integer> updates = Optional.empty();

  @Option(
      names = "--sequences",
      paramLabel = "B",
      description = "Concurrent completions (default: depends on the shape).")
  private Optional<Integer> sequences = Optional.empty();

  @Mixin private JsonOption json = new JsonOption();

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      description =
          "Directory for two temporary checkpoints (default: the system's temporary directory).")
  private Path dir = Path.of(System.getProperty("java.io.tmpdir"));

  @Override
  protected int run(Lifetime lifetime) throws InterruptedException, IOException {
    SwapShape chosen = SwapShape.named(shape);
    int count = number("--updates", updates, chosen.updates(), 100_000);
    int streams = number("--sequences", sequences, chosen.sequences(), MAX_SEQUENCES);
    chosen.requireRoom(dir, CHECKPOINTS);
    json.requireWritable();
    try (TemporaryDirectory temporary = TemporaryDirectory.in(dir, "freshet-bench-swap")) {
      SwapReport report =
          new SwapReport(measure(lifetime, temporary.path(), chosen, count, streams));
      System.out.print(report.table());
      json.write(report::write);
      return 0;
    } catch (InterruptedException | RuntimeException e) {
      if (lifetime.stopping()) {
        return Lifetime.STOPPED;
      }
      throw e;
    }
  }

  private static int number(String option, Optional<Integer> given, int otherwise, int most) {
    int number = given.orElse(otherwise);
    if (number < 1 || number > most) {
      throw new ConfigException("%s %d: expected 1 to %d".formatted(option, number, most));
    }
    return number;
  }

  private static SwapFigures measure(
      Lifetime lifetime, Path temporary, SwapShape shape, int updates, int sequences)
      throws IOException, InterruptedException {
    List<Path> checkpoints =
        StoppableWork.await(
            lifetime,
            "freshet-bench-publish",
            () ->
                new RandomCheckpoints(shape.config())
                    .publish(temporary.resolve("weights"), CHECKPOINTS));
    ThreadPriority.lowerCompilers();
    try (ServeProcess server =
        ServeProcess.embedded(
            Main.class,
            temporary,
            checkpoints.getFirst(),
            new ServeProcess.Embedded(sequences, PROMPT_TOKENS + shape.maxTokens()))) {
      SwapBench bench = new SwapBench(sequences, shape.maxTokens(), updates, shape.pause());
      SwapBench.Target target =
          new SwapBench.Target(
              shape.name(), server.dataUrl(), server.adminUrl(), server.handle(), checkpoints);
      return StoppableWork.await(lifetime, "freshet-bench-measure", () -> bench.measure(target));
    }
  }
}
