package dev.freshet.trace.jfr;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.PartTimes;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.UpdatePart;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FlightLogTest {
  private static final TraceId TRACE = new TraceId("00000000000000aa");
  private static final String URL = "http://127.0.0.1:8001/update_weights";
  private static final List<String> EVENTS =
      List.of(
          "WeightUpdate",
          "WeightOperation",
          "UpdatePhase",
          "CheckpointWait",
          "CheckpointWrite",
          "Batch",
          "BatchQuality",
          "TrainingStep",
          "DecodeStep",
          "DecodeStall");

  @TempDir Path dir;

  private List<RecordedEvent> recorded(Consumer<EventLog> lines) throws IOException {
    return recorded(new EventLog(_ -> {}, MonotonicClock.SYSTEM), lines);
  }

  private List<RecordedEvent> recorded(EventLog log, Consumer<EventLog> lines) throws IOException {
    Path file = dir.resolve("recording.jfr");
    try (Recording recording = new Recording()) {
      EVENTS.forEach(name -> recording.enable("freshet." + name).withThreshold(Duration.ZERO));
      recording.start();
      lines.accept(log);
      recording.stop();
      recording.dump(file);
    }
    return RecordingFile.readAllEvents(file).stream()
        .filter(event -> event.getEventType().getName().startsWith("freshet."))
        .toList();
  }

  private static AdminTimings timings() {
    return new AdminTimings(
        TRACE,
        "update_weights",
        URL,
        PartTimes.NONE
            .with(UpdatePart.WALL, 12.5)
            .with(UpdatePart.CONNECT, 0.5)
            .with(UpdatePart.ACCEPT, 1)
            .with(UpdatePart.RPC, 10)
            .with(UpdatePart.HANDLER, 0.75)
            .with(UpdatePart.SWAP, 0.25));
  }

  private static void call(EventLog log) {
    log.clientSend(TRACE, URL, Optional.of("/w/step_7"));
    log.rpcStart(TRACE, "update_weights", "all", 0);
    log.rpcParts(TRACE, 7, 0.25, PartTimes.NONE.with(UpdatePart.SWAP, 0.25));
    log.rpcDone(TRACE, "update_weights", "all", 0, 10);
    log.clientDone(timings());
  }

  @Test
  void anUpdateIsRecordedWithTheTimingsOfBothSides() throws IOException {
    List<RecordedEvent> events = recorded(FlightLogTest::call);

    RecordedEvent update = only(events, "WeightUpdate");
    assertThat(update.getString("traceId")).isEqualTo(TRACE.hex());
    assertThat(update.getString("operation")).isEqualTo("update_weights");
    assertThat(update.getString("server")).isEqualTo(URL);
    assertThat(update.getLong("policyVersion")).isEqualTo(7);
    assertThat(update.getDuration("wall")).isEqualTo(Duration.ofNanos(12_500_000));
    assertThat(update.getDuration("queue")).isEqualTo(Duration.ofNanos(2_500_000));
    assertThat(update.getDuration("rpc")).isEqualTo(Duration.ofMillis(10));
    assertThat(update.getDuration()).as("of its own").isPositive();
    assertThat(update.getLong("stall")).as("not available").isEqualTo(Long.MIN_VALUE);
    RecordedEvent operation = only(events, "WeightOperation");
    assertThat(operation.getString("phase")).isEqualTo("all");
    assertThat(operation.getLong("policyVersion")).isEqualTo(7);
    assertThat(operation.getDuration("stall")).isEqualTo(Duration.ofNanos(250_000));
    assertThat(phases(events))
        .containsExactlyInAnyOrder(
            "swap 250000", "connect 500000", "accept 1000000", "handler 750000");
  }

  private static List<String> phases(List<RecordedEvent> events) {
    return events.stream()
        .filter(event -> event.getEventType().getName().equals("freshet.UpdatePhase"))
        .map(event -> event.getString("phase") + " " + event.getLong("length"))
        .toList();
  }

  @Test
  void aCallThatFailsIsRecordedWithItsError() throws IOException {
    List<RecordedEvent> events =
        recorded(
            log -> {
              log.clientSend(TRACE, URL, Optional.empty());
              log.rpcStart(TRACE, "update_weights", "all", 0);
              log.rpcFailed(TRACE, "update_weights", "all", 0, 3, "conflict");
              log.clientFailed(TRACE, "update_weights", URL, 5, "conflict");
            });

    assertThat(only(events, "WeightUpdate").getString("error")).isEqualTo("conflict");
    assertThat(only(events, "WeightUpdate").getLong("policyVersion")).isEqualTo(-1);
    assertThat(only(events, "WeightOperation").getString("error")).isEqualTo("conflict");
    assertThat(only(events, "WeightOperation").getDuration("rpc")).isEqualTo(Duration.ofMillis(3));
  }

  @Test
  void theRestOfThePipelineIsRecordedToo() throws IOException {
    List<RecordedEvent> events =
        recorded(
            log -> {
              log.batchStart(3, 128);
              log.batchDone(128, 2600.5, 5);
              log.rollouts(12.5, 9, 7);
              log.checkpointWaitStart(4);
              log.checkpointWaitDone(4, 60.25);
              CheckpointWriteEvent.begun().done(4, 31.5);
              TrainingStepEvent.begun().done(4, 250, 20, 800, 0.5, 1.5, 1e-4);
              DecodeStepEvent.begun().done(true, 8, 3);
              DecodeStallEvent.begun().done(4, "keep", 6, 5000);
            });

    assertThat(only(events, "Batch").getInt("inflightAtStart")).isEqualTo(3);
    assertThat(only(events, "Batch").getInt("inflight")).isEqualTo(5);
    assertThat(only(events, "Batch").getDuration("length"))
        .isEqualTo(Duration.ofNanos(2_600_500_000L));
    assertThat(only(events, "BatchQuality").getLong("staleness")).isEqualTo(2);
    assertThat(only(events, "CheckpointWait").getDuration("wait"))
        .isEqualTo(Duration.ofNanos(60_250_000));
    assertThat(only(events, "CheckpointWrite").getDuration("write"))
        .isEqualTo(Duration.ofNanos(31_500_000));
    assertThat(only(events, "TrainingStep").getDuration("length"))
        .isEqualTo(Duration.ofMillis(250));
    assertThat(only(events, "DecodeStep").getInt("sequences")).isEqualTo(8);
    assertThat(only(events, "DecodeStall").getDuration("stall")).isEqualTo(Duration.ofNanos(5000));
  }

  @Test
  void aStepThatIsLongerThanTheThresholdIsRecordedAndAShorterOneIsNot() throws Exception {
    Path file = dir.resolve("recording.jfr");
    try (Recording recording = new Recording()) {
      recording.enable("freshet.DecodeStep").withThreshold(Duration.ofMillis(5));
      recording.enable("freshet.DecodeStall").withThreshold(Duration.ofHours(1));
      recording.start();
      DecodeStepEvent step = DecodeStepEvent.begun();
      DecodeStallEvent stall = DecodeStallEvent.begun();
      Thread.sleep(6);
      step.done(false, 8, 3);
      stall.done(4, "keep", 8, 5000);
      recording.stop();
      recording.dump(file);
    }

    assertThat(RecordingFile.readAllEvents(file))
        .extracting(event -> event.getEventType().getName())
        .contains("freshet.DecodeStep")
        .doesNotContain("freshet.DecodeStall");
  }

  @Test
  void everyEventIsOfTheCategoryFreshetAndExplainsItself() throws IOException {
    List<RecordedEvent> events = recorded(FlightLogTest::call);

    assertThat(events)
        .extracting(RecordedEvent::getEventType)
        .allSatisfy(
            type -> {
              assertThat(type.getCategoryNames()).containsExactly("Freshet");
              assertThat(type.getLabel()).isNotBlank();
              assertThat(type.getDescription()).isNotBlank();
            });
  }

  @Test
  void aSilentLogRecordsNothingAndAnUpdateThatBeganUnrecordedHasNoDuration() throws IOException {
    EventLog before = new EventLog(_ -> {}, MonotonicClock.SYSTEM);
    before.clientSend(TRACE, URL, Optional.empty());

    assertThat(recorded(EventLog.silent(MonotonicClock.SYSTEM), FlightLogTest::call)).isEmpty();
    RecordedEvent update = only(recorded(before, log -> log.clientDone(timings())), "WeightUpdate");
    assertThat(update.getDuration()).isZero();
    assertThat(update.getDuration("wall")).isEqualTo(Duration.ofNanos(12_500_000));
  }

  private static RecordedEvent only(List<RecordedEvent> events, String name) {
    List<RecordedEvent> named =
        events.stream()
            .filter(event -> event.getEventType().getName().equals("freshet." + name))
            .toList();
    assertThat(named).as(name).hasSize(1);
    return named.getFirst();
  }
}
