package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.process.OpenFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

@Timeout(120)
class BenchRouteTest {
  @TempDir Path dir;

  @Test
  void streamsAreMeasuredWithAndWithoutAFrontThatEndsWithTheCommand() throws Exception {
    Path json = dir.resolve("route.json");
    long before = ProcessHandle.current().children().count();

    CommandLineRun run =
        CommandLineRun.of(
            "bench",
            "route",
            "--streams",
            "20",
            "--rate",
            "50",
            "--warm-up",
            "0",
            "--seconds",
            "1",
            "--nginx",
            dir.resolve("none").toString(),
            "--router",
            "absent=false {upstreams}",
            "--update-replicas",
            "3",
            "--json",
            json.toString());

    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("direct", "freshet", "absent ended with exit code 1");
    JsonNode root = new ObjectMapper().readTree(Files.readString(json));
    JsonNode fronts = root.get("streams").get("20");
    assertThat(fronts.get("direct").get("events_per_s").asDouble()).isPositive();
    JsonNode freshet = fronts.get("freshet");
    assertThat(freshet.get("events_per_s").asDouble()).isPositive();
    assertThat(freshet.get("expected_events_per_s").asDouble()).isEqualTo(1000);
    assertThat(freshet.get("cpu_s_per_million").asDouble()).isPositive();
    assertThat(freshet.get("rss_mb").asDouble()).isPositive();
    assertThat(freshet.get("added_ms").get("p50").isNumber()).isTrue();
    assertThat(freshet.get("added_ms").get("p99").isNumber()).isTrue();
    assertThat(freshet.get("failed").asInt()).isZero();
    assertThat(freshet.get("kept_up").isBoolean()).isTrue();
    assertThat(freshet.get("settled_s").isNumber() || freshet.get("settled_s").isNull()).isTrue();
    assertThat(freshet.get("queue_ms").get("p99").asDouble()).isPositive();
    assertThat(fronts.get("direct").has("queue_ms")).isFalse();
    JsonNode updates = root.get("updates").get("3");
    assertThat(updates.get("count").asInt()).isPositive();
    assertThat(updates.get("wall_ms").get("p50").asDouble())
        .isGreaterThan(updates.get("slowest_ms").get("p50").asDouble());
    // A child that another test has killed may have ended meanwhile.
    assertThat(ProcessHandle.current().children().count()).isLessThanOrEqualTo(before);
  }

  @Test
  void streamsThatTheLimitOfOpenFilesDoesNotAllowAreRefusedWithTheMostThatFit() {
    long files = OpenFiles.limit();
    long most = (files - 512) / 2;
    CommandLineRun run = CommandLineRun.of("bench", "route", "--streams", "" + (most + 1));

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err())
        .contains("expected 1 to " + most, "2 of the " + files + " files", "ulimit -n");
  }

  @Test
  void aRouterWithoutANameOrACommandIsRefused() {
    CommandLineRun run =
        CommandLineRun.of("bench", "route", "--streams", "1", "--router", "nothing");

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("--router nothing: expected NAME=COMMAND");
  }
}
