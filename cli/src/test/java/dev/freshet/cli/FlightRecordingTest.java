package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A small run with a real engine, recorded by the JDK's flight recorder beside its own logs. */
class FlightRecordingTest {
  private static final int STEPS = 6;

  @TempDir static Path dir;

  private static List<RecordedEvent> events = List.of();
  private static String log = "";

  @BeforeAll
  static void record() throws IOException {
    Path run = dir.resolve("run");
    Path file = dir.resolve("run.jfr");
    try (Recording recording = new Recording()) {
      for (String name : List.of("DecodeStep", "DecodeStall")) {
        recording.enable("freshet." + name).withThreshold(Duration.ZERO);
      }
      recording.start();
      CommandLineRun ended =
          CommandLineRun.of(
              CommandLineRun.small("run", run, "--run.steps=" + STEPS, "--sft.steps=5"));
      assertThat(ended.err()).isEmpty();
      recording.stop();
      recording.dump(file);
    }
    events =
        RecordingFile.readAllEvents(file).stream()
            .filter(event -> event.getEventType().getName().startsWith("freshet."))
            .toList();
    List<String> lines = new ArrayList<>();
    for (String role : List.of("orchestrator", "inference", "trainer")) {
      lines.addAll(Files.readAllLines(run.resolve("logs").resolve(role + ".log")));
    }
    log = String.join("\n", lines);
  }

  private static List<RecordedEvent> events(String name) {
    return events.stream()
        .filter(event -> event.getEventType().getName().equals("freshet." + name))
        .toList();
  }

  /** A length as the log writes it. */
  private static String tenths(RecordedEvent event, String field) {
    return tenths(event.getLong(field) / 1e6);
  }

  private static String tenths(double ms) {
    long tenths = Math.round(ms * 10);
    return tenths / 10 + "." + tenths % 10;
  }

  @Test
  void everyUpdateHasTheFiguresOfItsLine() {
    assertThat(events("WeightUpdate")).hasSize(STEPS);
    assertThat(events("WeightUpdate"))
        .allSatisfy(
            event -> {
              assertThat(log)
                  .contains(
                      "[weights][%s] client.done wall_ms=%s rpc_ms=%s"
                          .formatted(
                              event.getString("traceId"),
                              tenths(event, "wall"),
                              tenths(event, "rpc")));
              assertThat(log).contains("step_" + event.getLong("policyVersion"));
              assertThat(event.getDuration()).isPositive();
            });
    assertThat(events("WeightOperation"))
        .hasSize(STEPS)
        .allSatisfy(
            event ->
                assertThat(log)
                    .containsPattern(
                        "\\[weights]\\[%s] rpc\\.done op=update_weights t=[0-9.]+ rpc_ms=%s "
                            .formatted(event.getString("traceId"), tenths(event, "rpc"))));
  }

  @Test
  void everyPhaseOfEveryUpdateIsThereOnceWithTheFigureOfItsLine() {
    Map<String, List<RecordedEvent>> phases =
        events("UpdatePhase").stream()
            .collect(Collectors.groupingBy(event -> event.getString("phase")));

    assertThat(phases)
        .containsKeys("connect", "accept", "handler", "answer", "prepare", "map", "fault")
        .containsKeys("verify", "build", "wait_step", "pause", "swap", "recompute");
    phases.forEach(
        (phase, found) -> {
          assertThat(found).as(phase).hasSize(STEPS);
          for (RecordedEvent event : found) {
            double ms = event.getLong("length") / 1e6;
            assertThat(doneLine(event.getString("traceId")))
                .as("the server's answer has microseconds")
                .containsAnyOf(
                    " %s_ms=%s".formatted(phase, tenths(ms)),
                    " %s_ms=%s".formatted(phase, tenths(Math.round(ms * 1000) / 1000.0)));
          }
        });
  }

  private static String doneLine(String trace) {
    return log.lines()
        .filter(line -> line.contains("[weights][%s] client.done".formatted(trace)))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void checkpointsWaitsBatchesAndTrainingStepsAreThereWithTheFiguresOfTheirLines() {
    assertThat(events("CheckpointWrite"))
        .hasSize(1 + STEPS)
        .allSatisfy(
            event ->
                assertThat(log)
                    .contains(
                        "[ckpt] write.done step=%d write_ms=%s"
                            .formatted(event.getLong("step"), tenths(event, "write"))));
    assertThat(events("CheckpointWait"))
        .isNotEmpty()
        .allSatisfy(
            event ->
                assertThat(log)
                    .contains(
                        "[ckpt] wait.done target_step=%d wait_ms=%s"
                            .formatted(event.getLong("step"), tenths(event, "wait"))));
    assertThat(events("Batch"))
        .hasSize(STEPS)
        .allSatisfy(
            event ->
                assertThat(log)
                    .contains(
                        "[gen] batch.done completions=%d dur_ms=%s inflight=%d"
                            .formatted(
                                event.getInt("completions"),
                                tenths(event, "length"),
                                event.getInt("inflight"))));
    assertThat(events("BatchQuality")).hasSize(STEPS);
    assertThat(events("TrainingStep"))
        .extracting(event -> event.getLong("step"))
        .containsExactly(1L, 2L, 3L, 4L, 5L, 6L);
  }

  @Test
  void stepsAndStallsAreOnTheDecodeLoopsThread() {
    assertThat(events("DecodeStep"))
        .isNotEmpty()
        .allSatisfy(
            event -> assertThat(event.getThread().getJavaName()).isEqualTo("freshet-engine"));
    assertThat(events("DecodeStall"))
        .filteredOn(event -> event.getThread().getJavaName().equals("freshet-engine"))
        .extracting(event -> event.getLong("policyVersion"))
        .contains(1L, 2L, 3L, 4L, 5L, 6L);
  }
}
