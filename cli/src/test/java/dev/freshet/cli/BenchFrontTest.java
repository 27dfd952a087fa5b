package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

@Timeout(120)
class BenchFrontTest {
  @TempDir Path dir;

  @Test
  void streamsAndUpdatesAreMeasuredAtAServerThatEndsWithTheCommand() throws Exception {
    Path json = dir.resolve("front.json");
    long before = ProcessHandle.current().children().count();

    CommandLineRun run =
        CommandLineRun.of(
            "bench",
            "front",
            "--streams",
            "20",
            "--route",
            "completions,chat",
            "--rate",
            "50",
            "--seconds",
            "1",
            "--nginx",
            dir.resolve("none").toString(),
            "--json",
            json.toString());

    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("streams", "queue_ms");
    JsonNode rows = new ObjectMapper().readTree(Files.readString(json)).get("runs");
    assertThat(rows)
        .extracting(row -> row.get("route").asString())
        .containsExactly("completions", "chat");
    for (JsonNode row : rows) {
      requireMeasured(row);
    }
    // A child that another test has killed may have ended meanwhile.
    assertThat(ProcessHandle.current().children().count()).isLessThanOrEqualTo(before);
  }

  private static void requireMeasured(JsonNode row) {
    assertThat(row.get("streams").asInt()).isEqualTo(20);
    assertThat(row.get("expected_events_per_s").asDouble()).isEqualTo(1000);
    assertThat(row.get("events_per_s").asDouble()).isPositive();
    assertThat(row.get("updates").asInt()).isPositive();
    assertThat(row.get("queue_ms").get("p50").asDouble()).isPositive();
    assertThat(row.get("errors").asInt()).isZero();
  }

  @Test
  void moreStreamsThanOpenFilesAllowAreRejected() {
    CommandLineRun run = CommandLineRun.of("bench", "front", "--streams", "10,2000000000");

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("--streams [10, 2000000000]: expected 1 to");
  }
}
