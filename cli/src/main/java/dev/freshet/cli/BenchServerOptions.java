package dev.freshet.cli;

import dev.freshet.config.ConfigException;
import dev.freshet.fleet.dialect.Dialect;
import dev.freshet.fleet.dialect.Dialects;
import dev.freshet.lab.lanes.BenchServer;
import dev.freshet.lab.lanes.LaneTarget;
import dev.freshet.lab.load.LoadShape;
import dev.freshet.process.Lifetime;
import dev.freshet.process.StoppableWork;
import dev.freshet.process.TemporaryDirectory;
import dev.freshet.trace.ThreadPriority;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** The options for the server to measure: a running one, or one that the benchmark starts. */
final class BenchServerOptions {
  private static final int MAX_EMBEDDED_STREAMS = 4096;
  private static final int MAX_EMBEDDED_LENGTH = 2048;

  /** Which server. */
  private static final class Which {
    @Option(
        names = "--embedded",
        description = "Start a server with the embedded engine and a small decoder (the default).")
    private boolean embedded;

    @Option(
        names = "--synthetic",
        description =
            "Start a server with an engine without a model, for many streams (default: off).")
    private boolean synthetic;

    @Option(
        names = "--server",
        paramLabel = "URL",
        description =
            "Measure a running server: the root URL of its data listener (default: none).")
    private Optional<URI> server = Optional.empty();

    boolean isEmbedded() {
      return embedded || (!synthetic && server.isEmpty());
    }
  }

  @ArgGroup private Which which = new Which();

  @Option(
      names = "--admin",
      paramLabel = "URL",
      description =
          "With --server: root URL of its admin listener (required for freshet; default for other"
              + " programs: the URL of --server).")
  private Optional<URI> admin = Optional.empty();

  @Option(
      names = "--backend",
      paramLabel = "KIND",
      description =
          "With --server: program that it runs: freshet, vllm, sglang or prime-rl (default:"
              + " freshet).")
  private Optional<String> backend = Optional.empty();

  @Option(
      names = "--weights",
      split = ",",
      paramLabel = "DIR,…",
      description =
          "With --server: checkpoint directories on the server, to update to in turn (required with"
              + " --server).")
  private List<String> weights = List.of();

  @Option(
      names = "--rate",
      paramLabel = "R",
      description = "With --synthetic: tokens a second of each stream (default: 20).")
  private Optional<Double> rate = Optional.empty();

  /**
   * Checks that the options fit together and that the server can take the load.
   *
   * @param streams the most at once
   */
  void require(int streams, LoadShape load) {
    var _ = dialect();
    if (which.server.isPresent()) {
      if (weights.isEmpty()) {
        throw new ConfigException("--server: expected --weights with at least one checkpoint");
      }
      if (admin.isEmpty() && dialect().hasAdminListener()) {
        throw new ConfigException(
            "--server: expected --admin with the root URL of the server's admin listener, which"
                + " alone takes weight updates");
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
      if (streams > MAX_EMBEDDED_STREAMS) {
        throw new ConfigException(
            "%,d streams: expected at most %,d with the embedded engine; use --synthetic for more"
                .formatted(streams, MAX_EMBEDDED_STREAMS));
      }
      if (longest(load) > MAX_EMBEDDED_LENGTH) {
        throw new ConfigException(
            "--tokens and --prompt-tokens: up to %,d together, expected at most %,d with the embedded engine"
                .formatted(longest(load), MAX_EMBEDDED_LENGTH));
      }
    }
  }

  /** The measurement of a server. */
  @FunctionalInterface
  interface Measurement {
    void of(LaneTarget target) throws InterruptedException;
  }

  /**
   * Measures the server: starts it unless it runs already, and ends what it started. Returns the
   * exit code.
   *
   * @param streams the most at once
   */
  int measure(Lifetime lifetime, int streams, LoadShape load, Measurement measurement)
      throws InterruptedException, IOException {
    Path parent = Path.of(System.getProperty("java.io.tmpdir"));
    try (TemporaryDirectory temporary = TemporaryDirectory.in(parent, "freshet-bench");
        BenchServer server = start(lifetime, temporary.path(), streams, load)) {
      return StoppableWork.await(
          lifetime,
          "freshet-bench-measure",
          () -> {
            measurement.of(server.target());
            return 0;
          });
    } catch (InterruptedException | RuntimeException e) {
      if (lifetime.stopping()) {
        return Lifetime.STOPPED;
      }
      throw e;
    }
  }

  /** A server that is started here has its checkpoints and logs in {@code dir}. */
  private BenchServer start(Lifetime lifetime, Path dir, int streams, LoadShape load)
      throws InterruptedException, IOException {
    if (which.server.isPresent()) {
      return BenchServer.running(
          new LaneTarget(
              which.server.get().toString(),
              dialect(),
              which.server.get(),
              admin.orElse(which.server.get()),
              weights));
    }
    return StoppableWork.await(
        lifetime,
        "freshet-bench-start",
        () -> {
          ThreadPriority.lowerCompilers();
          return which.synthetic
              ? BenchServer.synthetic(Main.class, dir, rate())
              : BenchServer.embedded(Main.class, dir, Math.max(1, streams), longest(load));
        });
  }

  private static int longest(LoadShape load) {
    return load.tokens().max() + load.promptTokens().max();
  }

  private Dialect dialect() {
    return backend.map(BackendOption::dialect).orElse(Dialects.FRESHET);
  }

  private double rate() {
    return rate.orElse(20.0);
  }
}
