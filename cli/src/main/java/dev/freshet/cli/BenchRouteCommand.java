package dev.freshet.cli;

import dev.freshet.config.ConfigException;
import dev.freshet.lab.front.NginxRelay;
import dev.freshet.lab.route.CommandFront;
import dev.freshet.lab.route.FreshetFront;
import dev.freshet.lab.route.FrontUnderTest;
import dev.freshet.lab.route.NginxFront;
import dev.freshet.lab.route.RouteBench;
import dev.freshet.lab.route.RouteReport;
import dev.freshet.lab.route.UpdateTimes;
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
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code freshet bench route}: measures {@code freshet route} under many streams beside nginx and
 * other routers. Clients, replicas and front share the machine.
 */
@Command(
    name = "route",
    mixinStandardHelpOptions = true,
    description =
        "Measure the front of a fleet under many streams, beside nginx and other routers, over"
            + " replicas without an engine.")
final class BenchRouteCommand extends RunningCommand {
  private static final Path NGINX = Path.of("/usr/sbin/nginx");

  /**
   * Files that a stream needs: in this process of its client and of its replica, in a front of its
   * client and of its connection to a replica.
   */
  private static final int FILES = 2;

  /** Files that any of these processes needs besides: libraries, listeners, the admin lane. */
  private static final int OTHER_FILES = 512;

  @Option(
      names = "--streams",
      split = ",",
      paramLabel = "N,…",
      description = "Numbers of streams to measure with (default: 1000,4000).")
  private List<Integer> streams = List.of(1000, 4000);

  @Option(
      names = "--rate",
      paramLabel = "R",
      description = "Events a second of each stream (default: 20).")
  private double rate = 20;

  @Option(
      names = "--replicas",
      paramLabel = "N",
      description = "Replicas behind each front (default: 2).")
  private int replicas = 2;

  @Option(
      names = "--update-replicas",
      split = ",",
      paramLabel = "N,…",
      description =
          "Numbers of replicas whose updates through freshet route are measured under the first"
              + " number of streams; 0 for none (default: 2,8,32).")
  private List<Integer> updateReplicas = List.of(2, 8, 32);

  @Option(
      names = "--seconds",
      paramLabel = "S",
      description = "Seconds to measure each front with each number of streams (default: 15).")
  private int seconds = 15;

  @Option(
      names = "--warm-up",
      paramLabel = "S",
      description = "Seconds before that, at least (default: 8).")
  private int warmUp = 8;

  @Option(
      names = "--settle",
      paramLabel = "S",
      description =
          "Most seconds to wait after the warm-up until events arrive as fast as they are made; a"
              + " front with which they never do is measured as it is, and the table says so"
              + " (default: 30).")
  private int settle = 30;

  @Option(
      names = "--nginx",
      paramLabel = "PATH",
      description = "The nginx to also measure, if it is executable (default: /usr/sbin/nginx).")
  private Path nginx = NGINX;

  @Option(
      names = "--router",
      paramLabel = "NAME=COMMAND",
      description =
          "Another router to also measure; may be repeated. {port} stands for its port, {upstreams}"
              + " for the URLs of the replicas (default: none).")
  private List<String> routers = List.of();

  @Mixin private JsonOption json = new JsonOption();

  @Option(
      names = "--front-java-options",
      split = " ",
      paramLabel = "OPTIONS",
      description =
          "JVM options of freshet route, separated by spaces, after those of this process (default:"
              + " none).")
  private List<String> javaOptions = List.of();

  @Override
  protected int run(Lifetime lifetime) throws InterruptedException, IOException {
    requireOptions();
    json.requireWritable();
    Logs.toConsole("bench", Roles.PACKAGES.keySet());
    lifetime.onStop(Thread.currentThread()::interrupt);
    Path parent = Path.of(System.getProperty("java.io.tmpdir"));
    try (TemporaryDirectory temporary = TemporaryDirectory.in(parent, "freshet-bench-route")) {
      measure(temporary.path());
    }
    return 0;
  }

  private void requireOptions() {
    long files = OpenFiles.limit();
    long most = (files - OTHER_FILES) / FILES;
    if (streams.isEmpty() || streams.stream().anyMatch(n -> n < 1 || n > most)) {
      throw new ConfigException(
          "--streams %s: expected 1 to %d: a stream takes %d of the %d files that each process may have open; raise that limit (ulimit -n) for more"
              .formatted(streams, most, FILES, files));
    }
    LoadOptions.require(seconds >= 1, "--seconds " + seconds, "at least 1");
    LoadOptions.require(warmUp >= 0, "--warm-up " + warmUp, "0 or more");
    LoadOptions.require(settle >= 0, "--settle " + settle, "0 or more");
    LoadOptions.require(replicas >= 1, "--replicas " + replicas, "at least 1");
    LoadOptions.require(
        updateReplicas.stream().allMatch(n -> n >= 0 && n <= 256),
        "--update-replicas " + updateReplicas,
        "0 to 256");
    LoadOptions.require(rate > 0 && rate <= 1000, "--rate " + rate, "above 0 and at most 1000");
  }

  private void measure(Path dir) throws IOException, InterruptedException {
    RouteBench bench = bench(replicas);
    RouteReport report = new RouteReport(rate);
    ThreadPriority.lowerCompilers();
    System.out.println(RouteReport.head());
    for (int count : streams) {
      bench.measure(
          fronts(count),
          count,
          dir,
          figures -> System.out.println(report.add(figures)),
          (name, reason) -> System.out.println(RouteReport.unmeasured(count, name, reason)));
    }
    updates(report, dir);
    json.write(report::write);
  }

  private RouteBench bench(int behind) {
    return new RouteBench(
        rate,
        behind,
        Duration.ofSeconds(warmUp),
        Duration.ofSeconds(settle),
        Duration.ofSeconds(seconds));
  }

  private void updates(RouteReport report, Path dir) throws IOException, InterruptedException {
    List<Integer> counts = updateReplicas.stream().filter(n -> n > 0).toList();
    if (counts.isEmpty()) {
      return;
    }
    int under = streams.getFirst();
    System.out.println(RouteReport.updatesHead());
    for (int count : counts) {
      UpdateTimes times =
          bench(count).updates(new FreshetFront(Main.class, javaOptions), under, dir);
      System.out.println(report.add(count, under, times));
    }
  }

  private List<FrontUnderTest> fronts(int count) {
    List<FrontUnderTest> fronts = new ArrayList<>();
    fronts.add(new FreshetFront(Main.class, javaOptions));
    if (NginxRelay.canRelay(nginx, count)) {
      fronts.add(new NginxFront(nginx));
    }
    for (String text : routers) {
      fronts.add(
          CommandFront.parse(text)
              .orElseThrow(
                  () -> new ConfigException("--router %s: expected NAME=COMMAND".formatted(text))));
    }
    return fronts;
  }
}
