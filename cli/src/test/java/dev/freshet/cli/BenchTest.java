package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

@Timeout(240)
class BenchTest {
  private static final List<String> FIGURES = List.of("queue_ms", "rpc_ms", "wall_ms", "stall_ms");
  private static final List<String> OF_A_FIGURE =
      List.of("min", "mean", "p50", "p95", "p99", "max", "stddev");

  @TempDir Path dir;

  @Test
  void anUpdateThroughTheStreamsPoolWaitsForAStreamToEndAndOneOnItsOwnLaneDoesNot()
      throws Exception {
    Path json = dir.resolve("bench.json");
    Path csv = dir.resolve("bench.csv");
    Path html = dir.resolve("bench.html");
    Path png = dir.resolve("bench.png");

    CommandLineRun run =
        CommandLineRun.of(
            "bench",
            "--embedded",
            "--streams=8",
            "--updates=5",
            "--lane=both",
            "--tokens=128",
            "--update-every=200",
            "--warm-up=0",
            "--json=" + json,
            "--csv=" + csv,
            "--html=" + html,
            "--png=" + png);

    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("dedicated", "shared", "queue_ms, 8 streams", "tokens/s");
    JsonNode root = new ObjectMapper().readTree(Files.readString(json));
    for (String lane : List.of("dedicated", "shared")) {
      for (String load : List.of("idle", "loaded")) {
        JsonNode stretch = root.path("lanes").path(lane).path(load);
        assertThat(stretch.path("updates").asInt()).isEqualTo(5);
        assertThat(stretch.path("errors").asInt()).isZero();
        for (String figure : FIGURES) {
          for (String of : OF_A_FIGURE) {
            assertThat(stretch.path(figure).path(of).isNumber())
                .as("%s %s %s %s", lane, load, figure, of)
                .isTrue();
          }
        }
      }
    }
    JsonNode streams = root.path("streams");
    assertThat(streams.path("open").asInt()).isEqualTo(8);
    assertThat(streams.path("errors").asInt()).isZero();
    for (String moment : List.of("before", "during", "after")) {
      assertThat(streams.path("tokens_per_s").path(moment).asDouble()).as(moment).isPositive();
    }
    assertThat(root.has("sweep")).isFalse();
    assertThat(Files.readAllLines(csv))
        .hasSize(1 + 4 * 5)
        .startsWith("lane,load,streams,update,due_s,wall_ms,queue_ms,rpc_ms,stall_ms,error")
        .filteredOn(line -> line.startsWith("shared,loaded,8,"))
        .hasSize(5)
        .allSatisfy(line -> assertThat(line.split(",", -1)).hasSize(10));
    assertThat(loadedQueueP50(root, "shared")).isGreaterThan(loadedQueueP50(root, "dedicated"));
    assertThat(Files.readString(html))
        .contains("An update waits ", "shared, 8 streams", "<td>queue_ms, 8 streams</td>", "<svg")
        .doesNotContain("<script", "NaN");
    assertThat(png).binaryContent().startsWith(0x89, 'P', 'N', 'G');
  }

  private static double loadedQueueP50(JsonNode root, String lane) {
    return root.path("lanes").path(lane).path("loaded").path("queue_ms").path("p50").asDouble();
  }

  @Test
  void theLoadOfARecordedRunIsReplayed() throws Exception {
    Path log =
        Files.writeString(
            dir.resolve("orchestrator.log"),
            """
            2026-01-02T03:00:00.000Z INFO [gen] batch.start inflight=6 target_batch=8
            2026-01-02T03:00:00.200Z INFO [weights][00000000000000aa] client.done wall_ms=8000.0 rpc_ms=50.0 queue_ms=7950.0
            2026-01-02T03:00:08.500Z INFO [gen] batch.done completions=8 dur_ms=8500.0 inflight=2
            2026-01-02T03:00:10.000Z INFO [weights][00000000000000ab] client.done wall_ms=100.0 rpc_ms=50.0 queue_ms=50.0
            """);
    Path json = dir.resolve("replay.json");

    CommandLineRun run =
        CommandLineRun.of(
            "bench",
            "replay",
            log.toString(),
            "--synthetic",
            "--rate=200",
            "--tokens=50",
            "--speed=10",
            "--json=" + json);

    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("recorded", "2 updates, up to 6 completions of 50 tokens");
    JsonNode root = new ObjectMapper().readTree(Files.readString(json));
    assertThat(root.path("recorded").path("queue_ms").path("max").asDouble()).isEqualTo(7950);
    assertThat(root.path("recorded").path("most_inflight").asInt()).isEqualTo(6);
    for (String lane : List.of("dedicated", "shared")) {
      JsonNode loaded = root.path("lanes").path(lane).path("loaded");
      assertThat(loaded.path("updates").asInt()).isEqualTo(2);
      assertThat(loaded.path("errors").asInt()).isZero();
    }
  }

  @Test
  void aRecordingThatCannotBeReplayedIsRejected() throws Exception {
    Path log = Files.writeString(dir.resolve("run.log"), "no tagged line\n");

    CommandLineRun run = CommandLineRun.of("bench", "replay", log.toString());

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains("no update with a time in these logs").hasLineCount(1);
    refused("--speed 0.0: expected above 0 to 1000", "replay", log.toString(), "--speed=0");
    refused("--seconds 0: expected 1 to 1000000", "replay", log.toString(), "--seconds=0");
  }

  @Test
  void impossibleOptionsAreRejectedWithWhatIsExpected() {
    refused(
        "--tokens huge: expected a number, uniform:A-B or lognormal:MEAN,SIGMA", "--tokens=huge");
    refused("--tokens 0: expected 1 to 100000", "--tokens=0");
    refused("--lane fast: expected dedicated, shared or both", "--lane=fast");
    refused("expected at most 4,096 with the embedded engine", "--streams=5000");
    refused("--slow-readers 2.0: expected 0 to 1", "--slow-readers=2");
    refused("expected --weights with at least one checkpoint", "--server=http://127.0.0.1:1");
    refused("expected --admin with the root URL", "--server=http://127.0.0.1:1", "--weights=w");
    refused("expected only with --server", "--admin=http://127.0.0.1:1");
    refused("expected only with --server", "--backend=vllm");
    refused("--backend: expected one of", "--server=http://127.0.0.1:1", "--backend=x");
    refused("expected only with --synthetic", "--rate=5");
    refused("mutually exclusive", "--embedded", "--synthetic");
  }

  @Test
  void anUnwritableFileIsRejectedBeforeAnythingIsMeasured() throws Exception {
    for (String option : List.of("--json", "--csv", "--html", "--png")) {
      refused("expected a file in an existing directory", option + "=" + dir + "/mistyped/x");
      refused("is a directory, expected a file", option + "=" + dir);
    }
    assertThat(dir).isEmptyDirectory();
  }

  private static void refused(String message, String... options) {
    String[] arguments = new String[options.length + 1];
    arguments[0] = "bench";
    System.arraycopy(options, 0, arguments, 1, options.length);
    CommandLineRun run = CommandLineRun.of(arguments);
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains(message);
  }
}
