package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.process.RunDirectory;
import dev.freshet.rollouts.UpdateEvent;
import dev.freshet.trace.TraceId;
import dev.freshet.weights.CheckpointStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** A smaller copy of {@code freshet run}: engine, server, trainer, files and updates are real. */
class LoopTest {
  private static final int STEPS = 50;

  @TempDir static Path dir;

  private static CommandLineRun ended = new CommandLineRun(-1, "", "");

  @BeforeAll
  static void run() {
    ended =
        CommandLineRun.of(
            CommandLineRun.small(
                "run",
                dir,
                "--run.steps=" + STEPS,
                "--run.seed=3",
                "--sft.steps=60",
                "--trainer.lr=1e-3",
                "--trainer.warmup_steps=5"));
  }

  @Test
  void aRunExitsWithZeroAndPrintsItsSummary() {
    assertThat(ended.err()).isEmpty();
    assertThat(ended.exitCode()).isZero();
    assertThat(ended.out())
        .contains("held-out reward", "mismatch KL", "staleness", "tokens/s")
        .contains(STEPS + " weight updates", "queue_ms", "rpc_ms", "wall_ms")
        .contains(dir.resolve("weights/step_" + STEPS).toString(), dir.resolve("logs").toString());
  }

  @Test
  void rewardOnHeldOutProblemsRisesAndTheSummaryIsComplete() throws IOException {
    JsonNode summary =
        new ObjectMapper().readTree(Files.readAllBytes(dir.resolve("report/summary.json")));

    assertThat(summary.at("/reward/end").asDouble())
        .isGreaterThan(summary.at("/reward/start").asDouble() + 0.05);
    assertThat(summary.at("/updates/count").asInt()).isEqualTo(STEPS);
    assertThat(summary.at("/mismatch_kl/mean").asDouble(1)).isLessThanOrEqualTo(0.1);
    assertThat(summary.at("/staleness/max").asInt(99)).isLessThanOrEqualTo(1);
    assertThat(figures(summary))
        .hasSize(27)
        .allSatisfy(figure -> assertThat(figure.isNumber()).isTrue());
  }

  @Test
  void everyUpdatesFiveEventsAreInTheLogsUnderOneTrace() throws IOException {
    Map<String, List<UpdateEvents>> traces = UpdateEvents.parse(logLines());

    assertThat(traces).hasSize(STEPS);
    traces.forEach(
        (trace, lines) -> {
          Map<String, UpdateEvents> events =
              lines.stream().collect(Collectors.toMap(UpdateEvents::event, Function.identity()));
          assertThat(events)
              .as("events of %s", trace)
              .containsOnlyKeys(
                  "client.send", "server.recv", "rpc.start", "rpc.done", "client.done");
          List<Long> times =
              List.of("client.send", "server.recv", "rpc.start", "rpc.done").stream()
                  .map(event -> only(events, event).micros())
                  .toList();
          assertThat(times).as("times of %s", trace).isSorted();
          UpdateEvents done = only(events, "client.done");
          assertThat(done.tenths("wall_ms")).isGreaterThanOrEqualTo(done.tenths("rpc_ms"));
          assertThat(done.tenths("queue_ms"))
              .isEqualTo(done.tenths("wall_ms") - done.tenths("rpc_ms"));
          assertThat(done.tenths("rpc_ms")).isEqualTo(only(events, "rpc.done").tenths("rpc_ms"));
        });
    assertThat(traces.values())
        .extracting(lines -> lines.getFirst().field("path"))
        .allSatisfy(path -> assertThat(path).startsWith(dir.resolve("weights") + "/step_"))
        .doesNotHaveDuplicates();
  }

  @Test
  void theUpdateLogAgreesWithTheMetrics() throws IOException {
    List<UpdateEvent> log = Runs.batches(new RunDirectory(dir)).updates().read().orElse(List.of());
    List<UpdateEvent> expected = new ArrayList<>(List.of(UpdateEvent.served(0)));
    for (String line : Files.readAllLines(dir.resolve("metrics/orchestrator.jsonl"))) {
      JsonNode fields = new ObjectMapper().readTree(line);
      if (fields.path("kind").asString().equals("update")) {
        long version = fields.path("step").asLong();
        TraceId trace = new TraceId(fields.path("trace").asString());
        expected.add(UpdateEvent.sent(version, fields.path("server").asString(), trace));
        expected.add(UpdateEvent.served(version));
      }
    }

    assertThat(dir.resolve("rollouts/updates.jsonl")).isRegularFile();
    assertThat(log).hasSize(1 + 2 * STEPS).isEqualTo(expected);
  }

  @Test
  void theWholePipelineIsTimed() throws IOException {
    String log = String.join("\n", logLines());

    assertThat(log)
        .containsPattern("\\[ckpt] write\\.done step=" + STEPS + " write_ms=[0-9]+\\.[0-9]\\b")
        .containsPattern("\\[ckpt] wait\\.start target_step=" + STEPS + "\\b")
        .containsPattern("\\[ckpt] wait\\.done target_step=" + STEPS + " wait_ms=[0-9]+\\.[0-9]\\b")
        .containsPattern("\\[gen] batch\\.start inflight=[0-9]+ target_batch=[0-9]+\\b")
        .containsPattern(
            "\\[gen] batch\\.done completions=[0-9]+ dur_ms=[0-9]+\\.[0-9] inflight=[0-9]+\\b")
        .containsPattern(
            "\\[rollout] trunc_pct=[0-9]+\\.[0-9] current_step=[0-9]+ ckpt_step=[0-9]+ staleness=[0-9]+\\b");
  }

  @Test
  void theLastWeightsAreAWholeCheckpoint() {
    Path last = dir.resolve("weights/step_" + STEPS);

    CheckpointStore.verify(last);
    assertThat(last)
        .isDirectoryContaining("glob:**/config.json")
        .isDirectoryContaining("glob:**/tokenizer.json")
        .isDirectoryContaining("glob:**/tokenizer_config.json")
        .isDirectoryContaining("glob:**/manifest.json")
        .isDirectoryContaining("glob:**/STABLE")
        .isDirectoryContaining("glob:**/model.safetensors");
  }

  @Test
  void itsTraceHasEveryUpdateWithItsPhasesAndNothingIsMissing() throws IOException {
    CommandLineRun traced = CommandLineRun.of("trace", dir.toString());

    assertThat(traced.err()).isEmpty();
    assertThat(traced.exitCode()).isZero();
    List<JsonNode> events =
        new ObjectMapper()
            .readTree(Files.readAllBytes(dir.resolve("report/trace.json")))
            .path("traceEvents")
            .valueStream()
            .toList();
    for (int step = 1; step <= STEPS; step++) {
      List<JsonNode> sides = slices(events, "update_weights v" + step);
      assertThat(sides).as("client's and server's side of version %d", step).hasSize(2);
      assertThat(slices(events, "write v" + step)).hasSize(1);
      assertThat(slices(events, "step " + step)).hasSize(1);
    }
    for (String phase : List.of("connect", "answer", "prepare", "map", "verify", "build", "swap")) {
      assertThat(slices(events, phase)).as(phase).hasSize(STEPS);
    }
    for (String end : List.of("s", "f")) {
      assertThat(events)
          .filteredOn(event -> event.path("ph").asString().equals(end))
          .extracting(event -> event.path("cat").asString() + event.path("id").asString())
          .as("an arrow of each update and its checkpoint")
          .hasSize(2 * STEPS)
          .doesNotHaveDuplicates();
    }
    Map<String, List<JsonNode>> arrows =
        events.stream()
            .filter(event -> List.of("s", "t", "f").contains(event.path("ph").asString()))
            .collect(
                Collectors.groupingBy(
                    event -> event.path("cat").asString() + event.path("id").asString()));
    assertThat(arrows.values())
        .allSatisfy(
            points ->
                assertThat(
                        points.stream()
                            .sorted(Comparator.comparingDouble(p -> p.path("ts").asDouble()))
                            .map(point -> point.path("ph").asString())
                            .collect(Collectors.joining()))
                    .as("forward in time")
                    .matches("st*f"));
  }

  private static List<JsonNode> slices(List<JsonNode> events, String name) {
    return events.stream()
        .filter(event -> event.path("ph").asString().equals("X"))
        .filter(event -> event.path("name").asString().equals(name))
        .toList();
  }

  private static UpdateEvents only(Map<String, UpdateEvents> events, String name) {
    UpdateEvents event = events.get(name);
    if (event == null) {
      throw new AssertionError("no " + name);
    }
    return event;
  }

  private static List<String> logLines() throws IOException {
    List<String> lines = new ArrayList<>();
    for (String role : List.of("orchestrator", "inference", "trainer")) {
      lines.addAll(Files.readAllLines(dir.resolve("logs").resolve(role + ".log")));
    }
    return lines;
  }

  private static List<JsonNode> figures(JsonNode node) {
    return node.isObject()
        ? node.valueStream().flatMap(child -> figures(child).stream()).toList()
        : List.of(node);
  }
}
