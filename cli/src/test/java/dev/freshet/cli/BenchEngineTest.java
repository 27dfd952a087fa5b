package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.config.ConfigLoader;
import dev.freshet.http.HttpConfig;
import dev.freshet.lab.swap.RandomCheckpoints;
import dev.freshet.lab.swap.SwapShape;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.server.InferenceConfig;
import dev.freshet.server.InferenceServer;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** {@code freshet bench engine} on a small decoder. */
@Timeout(180)
class BenchEngineTest {
  /** The limits of the running server. */
  private static final int SEQUENCES = 2;

  private static final int WAITING = 4;
  private static final int MODEL_LEN = 48;

  @TempDir private static Path dir;

  private static List<Path> checkpoints = List.of();
  private static InferenceServer running;

  @BeforeAll
  static void serve() throws Exception {
    checkpoints = new RandomCheckpoints(SwapShape.named("tiny").config()).publish(dir, 2);
    running =
        InferenceServer.start(
            checkpoints.getFirst(),
            ConfigLoader.with(
                ConfigLoader.defaults(InferenceConfig.class).onFreePorts(),
                Map.of(
                    "max_sequences", Integer.toString(SEQUENCES),
                    "max_waiting", Integer.toString(WAITING),
                    "max_model_len", Integer.toString(MODEL_LEN))),
            HttpConfig.DEFAULT,
            new EventLog(_ -> {}, MonotonicClock.SYSTEM),
            new MetricsRegistry(),
            Optional.empty());
  }

  @AfterAll
  static void end() {
    running.close();
  }

  private static CommandLineRun bench(Path json, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "bench", "engine", "--tokens=8", "--repeats=1", "--warm-up=0", "--json=" + json));
    arguments.addAll(List.of(more));
    return CommandLineRun.of(arguments.toArray(String[]::new));
  }

  private static JsonNode read(Path json) throws Exception {
    return new ObjectMapper().readTree(Files.readString(json));
  }

  @Test
  void aServerOfTheCheckpointIsStartedMeasuredAndEnded() throws Exception {
    Path json = dir.resolve("started.json");
    long before = ProcessHandle.current().children().count();

    CommandLineRun run =
        bench(
            json,
            "--model=" + checkpoints.getFirst(),
            "--batches=1,3",
            "--threads=1",
            "--dtype=float32",
            "--server-options",
            "--inference.model_name tiny --strict");

    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("32 random tokens, 8 new tokens", "freshet", "resident MiB");
    assertThat(ProcessHandle.current().children().count()).isEqualTo(before);
    JsonNode figures = read(json);
    assertThat(figures.path("model").asString()).isEqualTo(checkpoints.getFirst().toString());
    assertThat(figures.path("dtype").asString()).isEqualTo("float32");
    assertThat(figures.path("threads").asInt()).isEqualTo(1);
    assertThat(figures.path("rss_mb").asDouble()).isPositive();
    assertThat(figures.path("rss_peak_mb").asDouble())
        .isGreaterThanOrEqualTo(figures.path("rss_mb").asDouble());
    assertThat(figures.path("decode").propertyNames()).containsExactly("1", "3");
    for (JsonNode batch : figures.path("decode")) {
      requireFigures(batch);
    }
  }

  private static void requireFigures(JsonNode batch) {
    assertThat(batch.path("tokens_per_s").asDouble()).isPositive();
    assertThat(batch.path("ttft_ms").path("p50").asDouble()).isPositive();
    assertThat(batch.path("ttft_ms").path("p99").asDouble())
        .isGreaterThanOrEqualTo(batch.path("ttft_ms").path("p50").asDouble());
    assertThat(batch.path("token_ms").asDouble()).isPositive();
    assertThat(batch.path("prompt_tokens_per_s").asDouble()).isPositive();
    assertThat(batch.path("client_cores").asDouble()).isNotNegative();
    assertThat(batch.has("gemm_share")).isTrue();
    assertThat(batch.path("gemm_share").asDouble(0.5)).isBetween(0.0, 1.0);
  }

  @Test
  void aSecondServerIsMeasuredInTurnsOnGroupsThatShareTheirPrompt() throws Exception {
    Path json = dir.resolve("beside.json");

    CommandLineRun run =
        bench(
            json,
            "--model=" + checkpoints.getFirst(),
            "--beside=" + running.dataUrl(),
            "--threads=1",
            "--group=2",
            "--batches=2",
            "--prompt-tokens=32");

    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("32 random tokens for 2 completions each", "freshet-2", "ratio");
    JsonNode batch = read(json).path("decode").path("2");
    assertThat(batch.path("ratio").asDouble())
        .isEqualTo(batch.path("freshet").asDouble() / batch.path("freshet-2").asDouble());
    assertThat(batch.path("freshet_ttft_ms").asDouble()).isPositive();
    assertThat(batch.path("freshet-2_ttft_ms").asDouble()).isPositive();
    requireFigures(batch.path("freshet_figures"));
    requireFigures(batch.path("freshet-2_figures"));
  }

  @Test
  void aBatchThatARunningServerDecodesInPartsIsReportedAsSuch() throws Exception {
    Path json = dir.resolve("running.json");

    CommandLineRun run =
        bench(
            json,
            "--server=" + running.dataUrl(),
            "--admin=" + running.adminUrl(),
            "--batches=" + WAITING);

    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("ran at once");
    JsonNode figures = read(json);
    assertThat(figures.path("model").asString()).isEqualTo(checkpoints.getFirst().toString());
    assertThat(figures.path("dtype").isNull()).isTrue();
    assertThat(figures.path("threads").isNull()).isTrue();
    assertThat(figures.path("rss_mb").isNull()).isTrue();
    JsonNode batch = figures.path("decode").path(Integer.toString(WAITING));
    requireFigures(batch);
    assertThat(batch.path("most_running").asInt()).isLessThan(WAITING);
  }

  @Test
  void aBatchThatTheServerRefusesInPartEndsTheBenchmarkWithItsReason() {
    CommandLineRun run =
        bench(dir.resolve("none.json"), "--server=" + running.dataUrl(), "--batches=64");

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err())
        .contains(
            "of 64 completions failed; the first error: POST " + running.dataUrl(), "HTTP 503");
  }

  @Test
  void aServerThatDoesNotRunOrServesSomethingElseIsRefusedBeforeAnythingIsMeasured() {
    CommandLineRun none =
        bench(dir.resolve("none.json"), "--server=http://127.0.0.1:1", "--batches=1");
    assertThat(none.exitCode()).isEqualTo(1);
    assertThat(none.err()).contains("GET http://127.0.0.1:1/v1/models: cannot connect");

    CommandLineRun other =
        bench(
            dir.resolve("none.json"),
            "--model=" + checkpoints.getLast(),
            "--beside=" + running.dataUrl());
    assertThat(other.exitCode()).isEqualTo(2);
    assertThat(other.err())
        .contains(
            "--beside %s: serves %s, expected %s"
                .formatted(running.dataUrl(), checkpoints.getFirst(), checkpoints.getLast()));

    CommandLineRun longer =
        bench(dir.resolve("none.json"), "--server=" + running.dataUrl(), "--prompt-tokens=42");
    assertThat(longer.exitCode()).isEqualTo(2);
    assertThat(longer.err())
        .contains(
            "at most %d tokens of prompt and completion (max_model_len), expected at least 50"
                .formatted(MODEL_LEN));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --batches 1                                    | expected --model DIR, the checkpoint to serve, or --server URL
          --model m --batches 5000                       | --batches 5000: expected 1 to 4096
          --model m --batches 0                          | --batches 0: expected 1 to 4096
          --model m --batches 16,24 --group 16           | --batches 24: expected a multiple of --group 16
          --model m --tokens 0                           | --tokens 0: expected 1 to 1000000
          --model m --threads 0                          | --threads 0: expected at least 1
          --model m --admin http://127.0.0.1:1           | --admin: expected only with --server
          --server http://127.0.0.1:1 --dtype float32    | expected only without --server
          --model no/such/directory                      | no/such/directory/config.json
          """)
  void optionsThatDoNotFitAreRefused(String options, String expected) {
    CommandLineRun run = CommandLineRun.of(("bench engine " + options.strip()).split(" +"));

    assertThat(run.exitCode()).isNotZero();
    assertThat(run.err()).contains(expected);
    assertThat(run.err().lines()).hasSize(1);
  }
}
