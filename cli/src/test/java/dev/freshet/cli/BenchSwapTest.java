package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

@Timeout(240)
class BenchSwapTest {
  @TempDir Path dir;

  @Test
  void updatesOfADecodingServerAreMeasuredAndNothingIsLeftBehind() throws Exception {
    Path room = Files.createDirectory(dir.resolve("room"));
    Path json = dir.resolve("swap.json");

    CommandLineRun run =
        CommandLineRun.of(
            "bench",
            "swap",
            "--shape=tiny",
            "--updates=4",
            "--sequences=2",
            "--dir=" + room,
            "--json=" + json);

    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("tiny, ", "2 sequences", "4 updates", "verified", "limits");
    assertThat(room).isEmptyDirectory();
    JsonNode figures = new ObjectMapper().readTree(Files.readString(json));
    assertThat(figures.path("shape").asString()).isEqualTo("tiny");
    assertThat(figures.path("bytes").asLong()).isEqualTo(8_340_096);
    for (String kind : List.of("verified", "unverified")) {
      JsonNode swaps = figures.path(kind);
      assertThat(percentile(swaps, "work_ms")).isPositive();
      assertThat(percentile(swaps, "rpc_ms")).isGreaterThanOrEqualTo(percentile(swaps, "work_ms"));
      assertThat(percentile(swaps, "stall_ms"))
          .isNotNegative()
          .isLessThan(percentile(swaps, "work_ms"));
      assertThat(swaps.path("packing_share").asDouble()).isBetween(0.0, 1.0);
      assertThat(percentile(swaps, "packing_ms") + percentile(swaps, "reading_ms"))
          .isLessThan(2 * percentile(swaps, "work_ms"));
      assertThat(swaps.path("throughput_kept").asDouble()).isPositive();
    }
    JsonNode baseline = figures.path("baseline_copy");
    assertThat(percentile(baseline, "stall_ms"))
        .isPositive()
        .isLessThanOrEqualTo(percentile(baseline, "work_ms"));
    assertThat(baseline.path("throughput_kept").asDouble()).isPositive();
    for (String limit : List.of("memcpy_ms", "fault_ms", "checksum_ms")) {
      assertThat(figures.path("limits").path(limit).asDouble()).as(limit).isPositive();
    }
    assertThat(figures.path("limits").path("reading_over_fault_and_checksum").asDouble())
        .isPositive();
    for (String moment : List.of("before", "peak", "after")) {
      assertThat(figures.path("rss_mb").path(moment).asDouble()).as(moment).isPositive();
    }
    JsonNode queue = figures.path("queue_ms");
    assertThat(percentile(queue, "idle")).isPositive();
    assertThat(percentile(queue, "loaded")).isPositive();
    assertThat(queue.path("ratio").asDouble()).isPositive();
  }

  private static double percentile(JsonNode node, String figure) {
    JsonNode distribution = node.path(figure);
    assertThat(distribution.path("p99").asDouble())
        .as(figure)
        .isGreaterThanOrEqualTo(distribution.path("p50").asDouble());
    return distribution.path("p50").asDouble(Double.NaN);
  }

  @Test
  void aBenchmarkThatIsStoppedLeavesNothingBehind() throws Exception {
    Path room = Files.createDirectory(dir.resolve("room"));
    try (ChildProcess child =
        ChildProcess.start(
            dir, "bench", "swap", "--shape=tiny", "--updates=10000", "--dir=" + room)) {
      child.await("server", () -> served(room));

      child.signal("INT");

      assertThat(child.awaitEnd()).isEqualTo(130);
      assertThat(child.err()).isEmpty();
    }
    assertThat(room).isEmptyDirectory();
  }

  @Test
  void theServerOfABenchmarkThatIsKilledEndsToo() throws Exception {
    Path room = Files.createDirectory(dir.resolve("room"));
    List<ProcessHandle> servers;
    try (ChildProcess child =
        ChildProcess.start(
            dir, "bench", "swap", "--shape=tiny", "--updates=10000", "--dir=" + room)) {
      child.await("server", () -> served(room));
      servers = child.children();

      child.signal("KILL");
    }

    assertThat(servers).hasSize(1);
    servers.getFirst().onExit().get(60, TimeUnit.SECONDS);
  }

  /** Whether the server of a benchmark in {@code room} has served an update. */
  private static boolean served(Path room) {
    try (var benchmarks = Files.newDirectoryStream(room)) {
      for (Path benchmark : benchmarks) {
        Path log = benchmark.resolve("server/logs/inference.log");
        if (Files.exists(log) && Files.readString(log).contains("rpc.done")) {
          return true;
        }
      }
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void anUnknownShapeAndAMissingDirectoryAreRejected() {
    CommandLineRun shape = CommandLineRun.of("bench", "swap", "--shape=huge");
    assertThat(shape.exitCode()).isEqualTo(2);
    assertThat(shape.err()).contains("--shape huge: expected one of tinyllama-1.1b, small, tiny");

    CommandLineRun room = CommandLineRun.of("bench", "swap", "--dir=" + dir.resolve("none"));
    assertThat(room.exitCode()).isEqualTo(2);
    assertThat(room.err()).contains("none: expected a directory");
  }
}
