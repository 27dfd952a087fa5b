package dev.freshet.cli;

import dev.freshet.cli.config.ConfigException;
import dev.freshet.client.ServerKind;
import dev.freshet.lab.lanes.Lane;
import dev.freshet.lab.lanes.LaneBench;
import dev.freshet.lab.lanes.LaneCsv;
import dev.freshet.lab.lanes.LaneFigures;
import dev.freshet.lab.lanes.LaneJson;
import dev.freshet.lab.lanes.LaneTable;
import dev.freshet.lab.lanes.LaneTarget;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.ArgGroup;
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
    subcommands = {BenchFrontCommand.class, BenchSwapCommand.class})
final class BenchCommand extends RunningCommand {
  private static final int MAX_EMBEDDED_STREAMS = 4096;
  private static final int MAX_EMBEDDED_LENGTH = 2048;

  /** Which server. */
  private static final class Which {
    @Option(
        names = "--embedded",
        description =
            "The embedded engine, in a process of its own, with a small decoder (the default).")
    private boolean embedded;

    @Option(
        names = "--synthetic",
        description = "An engine without a model, in a process of its own, for many streams.")
    private boolean synthetic;

    @Option(
        names = "--server",
        paramLabel = "URL",
        description = "A server that runs: the root of its data listener.")
    private Optional<URI> server = Optional.empty();

    boolean isEmbedded() {
      return embedded || (!synthetic && server.isEmpty());
    }
  }

  @ArgGroup private Which which = new Which();

  @Option(
      names = "--admin",
      paramLabel = "URL",
      description = "With --server: the root of its admin listener.")
  private Optional<URI> admin = Optional.empty();

  @Option(
      names = "--backend",
      paramLabel = "KIND",
      description = "With --server: which program it is; freshet, vllm, sglang or prime-rl.")
  private Optional<String> backend = Optional.empty();

  @Option(
      names = "--weights",
      split = ",",
      paramLabel = "DIR,…",
      description = "With --server: checkpoints to update to in turn, as it sees them.")
  private List<String> weights = List.of();

  @Option(
      names = "--rate",
      paramLabel = "R",
      description = "With --synthetic: tokens a second of a stream (20).")
  private Optional<Double> rate = Optional.empty();

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
    requireServer(plan);
    Path parent = Path.of(System.getProperty("java.io.tmpdir"));
    try (TemporaryDirectory temporary = TemporaryDirectory.in(parent, "freshet-bench")) {
      measure(lifetime, plan, temporary.path());
      return 0;
    } catch (InterruptedException | RuntimeException e) {
      if (lifetime.stopping()) {
        return Main.STOPPED;
      }
      throw e;
    }
  }

  private void measure(Lifetime lifetime, LaneBench plan, Path dir)
      throws InterruptedException, IOException {
    try (BenchServer server = server(lifetime, plan, dir)) {
      LaneTarget target = server.target();
      System.out.println(LaneTable.head(target.name(), plan));
      LaneFigures figures =
          StoppableWork.await(
              lifetime,
              "freshet-bench-measure",
              () -> plan.measure(target, stretch -> System.out.println(LaneTable.lines(stretch))));
      if (plan.lanes().size() == Lane.values().length) {
        System.out.println(LaneTable.comparison(figures));
      }
      json.ifPresent(file -> LaneJson.write(figures, file));
      csv.ifPresent(file -> LaneCsv.write(figures, file));
    }
  }

  private BenchServer server(Lifetime lifetime, LaneBench plan, Path dir)
      throws InterruptedException, IOException {
    if (which.server.isPresent()) {
      return BenchServer.running(
          new LaneTarget(
              which.server.get().toString(),
              kind(),
              which.server.get(),
              admin.orElse(which.server.get()),
              weights));
    }
    return StoppableWork.await(
        lifetime,
        "freshet-bench-start",
        () -> {
          LaneRehearsal.hold();
          return which.synthetic
              ? BenchServer.synthetic(dir, rate())
              : BenchServer.embedded(
                  dir, Math.max(1, Collections.max(plan.streams())), longest(plan));
        });
  }

  private static int longest(LaneBench plan) {
    return plan.load().tokens().most() + plan.load().promptTokens().most();
  }

  private ServerKind kind() {
    return backend.map(BackendOption::kind).orElse(ServerKind.FRESHET);
  }

  private double rate() {
    return rate.orElse(20.0);
  }

  private void requireServer(LaneBench plan) {
    var _ = kind();
    if (which.server.isPresent()) {
      if (weights.isEmpty()) {
        throw new ConfigException("--server: expected --weights with at least one checkpoint");
      }
    } else if (admin.isPresent() || backend.isPresent() || !weights.isEmpty()) {
      throw new ConfigException("--admin, --backend and --weights: expected only with --server");
    }
    if (rate.isPresent() && !which.synthetic) {
      throw new ConfigException("--rate: expected only with --synthetic");
    }
    if (!(rate() > 0 && rate() <= 1000)) {
      throw new ConfigException("--rate %s: expected above 0 and at most 1000".formatted(rate()));
    }
    if (which.isEmbedded()) {
      if (Collections.max(plan.streams()) > MAX_EMBEDDED_STREAMS) {
        throw new ConfigException(
            "--streams %s: expected at most %,d of the embedded engine; --synthetic bears more"
                .formatted(plan.streams(), MAX_EMBEDDED_STREAMS));
      }
      if (longest(plan) > MAX_EMBEDDED_LENGTH) {
        throw new ConfigException(
            "--tokens and --prompt-tokens: up to %,d together, expected at most %,d of the embedded engine"
                .formatted(longest(plan), MAX_EMBEDDED_LENGTH));
      }
    }
  }
}
