package dev.freshet.cli;

import dev.freshet.config.ConfigException;
import dev.freshet.lab.LabException;
import dev.freshet.lab.ServeProcess;
import dev.freshet.lab.front.FrontBench;
import dev.freshet.lab.front.FrontFigures;
import dev.freshet.lab.front.FrontReport;
import dev.freshet.lab.front.NginxRelay;
import dev.freshet.lab.load.StreamRoute;
import dev.freshet.process.Lifetime;
import dev.freshet.process.Logs;
import dev.freshet.process.OpenFiles;
import dev.freshet.process.TemporaryDirectory;
import dev.freshet.trace.ThreadPriority;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code freshet bench front}: measures the HTTP server under many streams and weight updates, and
 * the same streams through nginx if it is installed. Server, client and prober share the machine.
 */
@Command(
    name = "front",
    mixinStandardHelpOptions = true,
    description = "Measure the HTTP server under many streams, on an engine without a model.")
final class BenchFrontCommand extends RunningCommand {
  private static final Path NGINX = Path.of("/usr/sbin/nginx");

  @Option(
      names = "--streams",
      split = ",",
      paramLabel = "N,…",
      description = "Numbers of streams to measure with (default: 150,1000,4000,10000).")
  private List<Integer> streams = List.of(150, 1000, 4000, 10_000);

  @Option(
      names = "--route",
      split = ",",
      paramLabel = "ROUTE,…",
      description =
          "Routes to measure, one after another: ${COMPLETION-CANDIDATES} (default: completions).")
  private List<StreamRoute> routes = List.of(StreamRoute.COMPLETIONS);

  @Option(
      names = "--rate",
      paramLabel = "R",
      description = "Tokens a second of each stream (default: 20).")
  private double rate = 20;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      description = "Seconds to measure each number of streams (default: 15).")
  private int seconds = 15;

  @Option(
      names = "--nginx",
      paramLabel = "PATH",
      description =
          "The nginx to also measure through, if it is executable (default: /usr/sbin/nginx).")
  private Path nginx = NGINX;

  @Mixin private JsonOption json = new JsonOption();

  @Option(
      names = "--server-java-options",
      split = " ",
      paramLabel = "OPTIONS",
      description =
          "JVM options of the server, separated by spaces, after the usual ones (default: none).")
  private List<String> javaOptions = List.of();

  @Override
  protected int run(Lifetime lifetime) throws InterruptedException, IOException {
    requireOptions();
    json.requireWritable();
    Logs.toConsole("bench", Roles.PACKAGES.keySet());
    lifetime.onStop(Thread.currentThread()::interrupt);
    Path parent = Path.of(System.getProperty("java.io.tmpdir"));
    try (TemporaryDirectory temporary = TemporaryDirectory.in(parent, "freshet-bench-front")) {
      measure(temporary.path());
    }
    return 0;
  }

  private void requireOptions() {
    if (streams.isEmpty() || streams.stream().anyMatch(n -> n < 1 || n > OpenFiles.limit())) {
      throw new ConfigException(
          "--streams %s: expected 1 to %d, the limit of open files"
              .formatted(streams, OpenFiles.limit()));
    }
    if (seconds < 1) {
      throw new ConfigException("--seconds %d: expected at least 1".formatted(seconds));
    }
  }

  private void measure(Path dir) throws IOException, InterruptedException {
    FrontBench bench = new FrontBench(rate, Duration.ofSeconds(seconds));
    List<FrontReport.Row> rows = new ArrayList<>();
    ThreadPriority.lowerCompilers();
    System.out.println(FrontReport.head());
    for (int count : streams) {
      for (StreamRoute route : routes) {
        rows.add(measure(bench, dir, route, count));
      }
    }
    json.write(new FrontReport(rate, rows)::write);
  }

  private FrontReport.Row measure(FrontBench bench, Path dir, StreamRoute route, int count)
      throws IOException, InterruptedException {
    try (ServeProcess server = ServeProcess.synthetic(Main.class, dir, rate, javaOptions)) {
      FrontFigures straight =
          bench.measure(
              new FrontBench.Target(server.dataUrl(), server.adminUrl(), server.handle()),
              route,
              count);
      System.out.println(FrontReport.line("-", straight));
      Optional<FrontFigures> relayed = relayed(bench, server, dir, route, count);
      relayed.ifPresent(figures -> System.out.println(FrontReport.line("nginx", figures)));
      return new FrontReport.Row(straight, relayed);
    }
  }

  /**
   * The same through nginx, if it is installed and may open enough files. If nginx cannot keep up,
   * that is a finding, not a failure.
   */
  private Optional<FrontFigures> relayed(
      FrontBench bench, ServeProcess server, Path dir, StreamRoute route, int count)
      throws IOException, InterruptedException {
    if (!NginxRelay.canRelay(nginx, count)) {
      return Optional.empty();
    }
    try (NginxRelay relay = NginxRelay.start(nginx, dir, List.of(server.dataUrl()), count)) {
      return Optional.of(
          bench.measure(
              new FrontBench.Target(relay.url(), server.adminUrl(), relay.handle()), route, count));
    } catch (LabException e) {
      System.out.println("%,8d %11s   nginx  %s".formatted(count, route, e.getMessage()));
      return Optional.empty();
    }
  }
}
