package dev.freshet.cli;

import dev.freshet.config.ConfigException;
import dev.freshet.lab.ProcessFigures;
import dev.freshet.lab.ServeProcess;
import dev.freshet.lab.engine.BatchFigures;
import dev.freshet.lab.engine.EngineBench;
import dev.freshet.lab.engine.EngineJson;
import dev.freshet.lab.engine.EngineLoad;
import dev.freshet.lab.engine.EngineRun;
import dev.freshet.lab.engine.EngineTable;
import dev.freshet.lab.engine.MeasuredServer;
import dev.freshet.lab.engine.ServedCheckpoint;
import dev.freshet.process.Lifetime;
import dev.freshet.process.StoppableWork;
import dev.freshet.process.TemporaryDirectory;
import dev.freshet.trace.ThreadPriority;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code freshet bench engine}: measures how fast a server of a checkpoint generates, through HTTP,
 * and compares it with a second one. Servers and client share the machine.
 */
@Command(
    name = "engine",
    mixinStandardHelpOptions = true,
    description =
        "Measure tokens a second and time to first token of a server, alone or in turns with another.")
final class BenchEngineCommand extends RunningCommand {
  private static final int MOST_TOKENS = 1_000_000;
  private static final int MOST_REPEATS = 1000;
  private static final int MOST_SECONDS = 3600;

  /** More completions than any CPU decodes at once. */
  private static final int MOST_COMPLETIONS = 4096;

  @Mixin private EngineServerOptions servers = new EngineServerOptions();

  @Option(
      names = "--batches",
      split = ",",
      paramLabel = "N,…",
      description =
          "Numbers of completions requested at once, measured one after the other (default: 1,8,64,150; with --group G: G and 4 G).")
  private List<Integer> batches = List.of();

  @Option(
      names = "--prompt-tokens",
      paramLabel = "N",
      description = "Random token ids of each prompt (default: 32).")
  private int promptTokens = 32;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description = "New tokens of each completion (default: 64).")
  private int tokens = 64;

  @Option(
      names = "--group",
      paramLabel = "G",
      description = "Completions of each prompt; batches are multiples of it (default: 1).")
  private int group = 1;

  @Option(
      names = "--repeats",
      paramLabel = "N",
      description = "Measured rounds of each batch; their median is reported (default: 3).")
  private int repeats = 3;

  @Option(
      names = "--warm-up",
      paramLabel = "S",
      description = "Seconds of warm-up before each batch, at least one round (default: 3).")
  private int warmUp = 3;

  @Option(names = "--seed", paramLabel = "N", description = "Seed of the prompts (default: 1).")
  private long seed = 1;

  @Mixin private JsonOption json = new JsonOption();

  @Override
  protected int run(Lifetime lifetime) throws InterruptedException, IOException {
    servers.require();
    EngineLoad load = load();
    json.requireWritable();
    Path parent = Path.of(System.getProperty("java.io.tmpdir"));
    try (TemporaryDirectory temporary = TemporaryDirectory.in(parent, "freshet-bench-engine")) {
      return StoppableWork.await(
          lifetime,
          "freshet-bench-measure",
          () -> {
            measure(load, temporary.path());
            return 0;
          });
    } catch (InterruptedException | RuntimeException e) {
      if (lifetime.stopping()) {
        return Lifetime.STOPPED;
      }
      throw e;
    }
  }

  private EngineLoad load() {
    between("--prompt-tokens", promptTokens, 1, MOST_TOKENS);
    between("--tokens", tokens, 1, MOST_TOKENS);
    between("--group", group, 1, MOST_COMPLETIONS);
    between("--repeats", repeats, 1, MOST_REPEATS);
    between("--warm-up", warmUp, 0, MOST_SECONDS);
    for (int batch : batches()) {
      between("--batches", batch, 1, Math.min(MOST_COMPLETIONS, LoadOptions.mostStreams()));
      if (batch % group != 0) {
        throw new ConfigException(
            "--batches %d: expected a multiple of --group %d".formatted(batch, group));
      }
    }
    return new EngineLoad(
        batches(), promptTokens, tokens, group, repeats, Duration.ofSeconds(warmUp), seed);
  }

  private List<Integer> batches() {
    if (!batches.isEmpty()) {
      return batches;
    }
    return group == 1 ? List.of(1, 8, 64, 150) : List.of(group, 4 * group);
  }

  private static void between(String option, int given, int least, int most) {
    LoadOptions.require(
        given >= least && given <= most, option + " " + given, least + " to " + most);
  }

  private void measure(EngineLoad load, Path dir) throws IOException, InterruptedException {
    ServedCheckpoint checkpoint = servers.checkpoint(load);
    ThreadPriority.lowerCompilers();
    Optional<ServeProcess.Embedded> engine = servers.engine(load);
    if (engine.isEmpty()) {
      measure(load, checkpoint, Optional.empty());
      return;
    }
    try (ServeProcess started =
        ServeProcess.embedded(Main.class, dir, checkpoint.dir(), engine.get())) {
      measure(load, checkpoint, Optional.of(started));
    }
  }

  private void measure(EngineLoad load, ServedCheckpoint checkpoint, Optional<ServeProcess> started)
      throws InterruptedException {
    List<MeasuredServer> measured = servers.servers(started);
    List<String> names = measured.stream().map(MeasuredServer::name).toList();
    String model = checkpoint.dir().toString();
    EngineTable table = new EngineTable(load, names);
    System.out.println(table.head(model));
    List<List<BatchFigures>> figures =
        new EngineBench(load, checkpoint.vocabulary())
            .measure(measured, batch -> System.out.println(table.lines(batch)));
    Optional<ProcessFigures> memory = started.map(server -> ProcessFigures.of(server.handle()));
    memory.ifPresent(process -> System.out.println(EngineTable.memory(process)));
    EngineRun run =
        new EngineRun(
            model, servers.dtype(checkpoint), servers.threads(), load, names, figures, memory);
    json.write(file -> EngineJson.write(run, file));
  }
}
