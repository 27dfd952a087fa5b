package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.metrics.MetricsFile;
import dev.freshet.model.ConfigJson;
import dev.freshet.process.Memory;
import dev.freshet.rollouts.BatchException;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.rollouts.UpdateEvent;
import dev.freshet.rollouts.UpdateLog;
import dev.freshet.trace.DirectoryWatch;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import dev.freshet.weights.Broadcasts;
import dev.freshet.weights.CheckpointException;
import dev.freshet.weights.CheckpointStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** The trainer of a run, on real files. */
@Timeout(120)
class TrainerLoopTest {
  private static final Duration LONG = TrainerRun.LONG;
  private static final String WRITTEN =
      "\\[ckpt] write\\.done step=1 write_ms=[0-9]+\\.[0-9] copy_ms=[0-9]+\\.[0-9]";

  @TempDir Path dir;

  private TrainerRun run;

  @BeforeEach
  void create() {
    run = new TrainerRun(dir);
  }

  @Test
  void everyStepIsPublishedWholeAndReported() throws IOException {
    run.publishBase();
    run.writeBatches(2);

    try (MetricsFile metrics = run.metrics();
        TrainerLoop loop = run.loop(2, 3, LONG, MonotonicClock.SYSTEM, metrics)) {
      loop.run(run.taken::add);
    }

    assertThat(run.weights().steps()).containsExactly(0L, 1L, 2L);
    for (long step : run.weights().steps()) {
      Path published = run.weights().path(step);
      CheckpointStore.verify(published);
      assertThat(published.resolve("STABLE")).isEmptyFile();
      assertThat(published.resolve("manifest.json")).isNotEmptyFile();
      assertThat(ConfigJson.read(published)).isEqualTo(TinyModel.CONFIG);
      assertThat(published.resolve("tokenizer.json")).hasBinaryContent(TrainerRun.OPAQUE);
      assertThat(published.resolve("tokenizer_config.json")).hasBinaryContent(TrainerRun.OPAQUE);
    }
    assertThat(Files.mismatch(run.safetensors(0), run.safetensors(1))).isNotNegative();
    assertThat(Files.mismatch(run.safetensors(1), run.safetensors(2))).isNotNegative();
    assertThat(run.log).filteredOn(event -> event.startsWith("[ckpt]")).hasSize(2);
    assertThat(run.log).anyMatch(event -> event.matches(WRITTEN)).hasSize(5);
    assertThat(run.log).filteredOn(event -> event.startsWith("[time] step.done")).hasSize(2);
    assertThat(run.log.getLast()).startsWith("[time] run.done role=trainer wall_ms=");
    assertThat(run.taken).extracting(StepMetrics::step).containsExactly(1L, 2L);
    StepMetrics last = run.taken.getLast();
    assertThat(run.page().lines())
        .contains(
            "freshet_checkpoint_write_seconds_count 2",
            "freshet_trainer_step_seconds_count 2",
            "freshet_trainer_tokens_total %s"
                .formatted((double) run.taken.stream().mapToLong(StepMetrics::tokens).sum()),
            "freshet_trainer_policy_version 2.0",
            "freshet_trainer_loss " + last.loss(),
            "freshet_trainer_mismatch_kl_nats " + last.mismatchKl())
        .anyMatch(line -> line.startsWith("freshet_trainer_time_seconds_total{state=\"batch\"} "));
    List<String> lines = Files.readAllLines(run.dir().resolve("metrics/trainer.jsonl"));
    assertThat(lines).hasSize(2);
    JsonNode line = new ObjectMapper().readTree(lines.getFirst());
    assertThat(line.propertyNames())
        .containsExactly(
            "role",
            "kind",
            "time",
            "step",
            "loss",
            "entropy",
            "mismatch_kl",
            "mismatch_kl_by_lag",
            "cut_share",
            "cut_high_share",
            "effective_sample_share",
            "grad_norm",
            "lr",
            "tokens",
            "step_ms",
            "tokens_per_s",
            "peak_mb",
            "batch_wait_ms",
            "unusable",
            "synthesised_versions",
            "role_time",
            "copy_ms",
            "write_ms");
    assertThat(states(line)).isCloseTo(line.at("/role_time/wall_ms").asDouble(), within(1e-6));
    assertThat(line.get("role").asString()).isEqualTo("trainer");
    assertThat(line.get("kind").asString()).isEqualTo("train");
    assertThat(line.get("tokens").asInt()).isEqualTo(6);
    if (Files.exists(Path.of("/proc/self/status"))) {
      assertThat(line.get("peak_mb").asDouble())
          .isBetween(50.0, Memory.peakMb())
          .isEqualTo(run.taken.getFirst().peakMb());
      assertThat(run.page()).contains("freshet_trainer_peak_memory_bytes ");
    }
  }

  /** The sum of the states of a step's time. */
  private static double states(JsonNode line) {
    return line.get("role_time")
        .propertyStream()
        .filter(state -> !state.getKey().equals("wall_ms"))
        .mapToDouble(state -> state.getValue().asDouble())
        .sum();
  }

  @Test
  void theNewestStepsAndTheBaseModelAreKept() throws IOException {
    run.publishBase();
    run.writeBatches(5);

    try (MetricsFile metrics = run.metrics();
        TrainerLoop loop = run.loop(5, 2, LONG, MonotonicClock.SYSTEM, metrics)) {
      loop.run(run.taken::add);
    }

    assertThat(run.weights().steps()).containsExactly(0L, 4L, 5L);
  }

  @Test
  void aStepThatAServerMayStillHaveToLoadIsKept() throws IOException {
    run.publishBase();
    run.writeBatches(5);
    UpdateLog updates = run.batches().updates();
    updates.begin(0);
    for (long version = 1; version <= 4; version++) {
      updates.append(UpdateEvent.sent(version, "http://127.0.0.1:8001", TraceId.random()));
    }
    updates.append(UpdateEvent.served(2));

    try (MetricsFile metrics = run.metrics();
        TrainerLoop loop = run.loop(5, 2, LONG, MonotonicClock.SYSTEM, metrics)) {
      loop.run(run.taken::add);
    }

    assertThat(run.weights().steps()).containsExactly(0L, 2L, 3L, 4L, 5L);
  }

  @Test
  void everyStepIsOfferedToTheProgramThatTakesBroadcastsFromTheBaseModelOn(@TempDir Path output)
      throws Exception {
    run.publishBase();
    run.writeBatches(2);
    run.broadcasts = output.toString();
    Broadcasts taker = new Broadcasts(output);
    List<Long> taken = new ArrayList<>();
    CompletableFuture<Void> taking =
        CompletableFuture.runAsync(
            () -> {
              try {
                for (long step = -1; step < 2; ) {
                  step = taker.awaitNewerThan(step, LONG);
                  taker.requireWhole(step);
                  taken.add(step);
                }
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });

    try (MetricsFile metrics = run.metrics();
        TrainerLoop loop = run.loop(2, 3, LONG, MonotonicClock.SYSTEM, metrics)) {
      loop.run(run.taken::add);
    }
    taking.get(60, TimeUnit.SECONDS);

    assertThat(taken.getLast()).isEqualTo(2);
    for (long step = 0; step <= 2; step++) {
      assertThat(taker.path(step).resolve("model.safetensors"))
          .hasSameBinaryContentAs(run.safetensors(step));
      assertThat(taker.path(step).resolve("config.json")).doesNotExist();
    }
  }

  @Test
  void aStopEndsTheWaitForTheProgramThatTakesBroadcasts(@TempDir Path output) throws Exception {
    run.publishBase();
    run.broadcasts = output.toString();
    try (MetricsFile metrics = run.metrics();
        TrainerLoop loop = run.loop(1, 3, LONG, MonotonicClock.SYSTEM, metrics)) {
      CompletableFuture<Void> running = CompletableFuture.runAsync(() -> loop.run(run.taken::add));
      Path offer = output.resolve("step_0/.sender_ready");
      assertThat(
              DirectoryWatch.await(
                  output,
                  LONG,
                  MonotonicClock.SYSTEM,
                  () -> Optional.of(offer).filter(Files::exists)))
          .isPresent();
      loop.stop();

      running.get(30, TimeUnit.SECONDS);
    }
    assertThat(output.resolve("step_0")).doesNotExist();
  }

  @Test
  void aStopWhileWaitingForABatchReturnsAtOnceAndPublishesNothing() throws Exception {
    run.publishBase();
    try (MetricsFile metrics = run.metrics();
        TrainerLoop loop = run.loop(1, 3, Duration.ofHours(1), MonotonicClock.SYSTEM, metrics)) {
      CompletableFuture<Boolean> interruptedAfter = new CompletableFuture<>();
      Thread trainer =
          Thread.ofPlatform()
              .name("test-trainer")
              .start(
                  () -> {
                    try {
                      loop.run(run.taken::add);
                      interruptedAfter.complete(Thread.currentThread().isInterrupted());
                    } catch (RuntimeException e) {
                      interruptedAfter.completeExceptionally(e);
                    }
                  });
      while (trainer.getState() != Thread.State.TIMED_WAITING) {
        Thread.onSpinWait();
      }

      loop.stop();

      assertThat(interruptedAfter.get(60, TimeUnit.SECONDS)).isFalse();
      trainer.join();
    }
    assertThat(run.weights().steps()).containsExactly(0L);
    assertThat(run.taken).isEmpty();
  }

  @Test
  void aStopBeforeTheRunReturnsAtOnce() throws IOException {
    run.publishBase();
    run.writeBatches(1);
    try (MetricsFile metrics = run.metrics();
        TrainerLoop loop = run.loop(1, 3, LONG, MonotonicClock.SYSTEM, metrics)) {
      loop.stop();
      loop.run(run.taken::add);
    }
    assertThat(run.weights().steps()).containsExactly(0L);
  }

  @Test
  void aStopDuringAStepPublishesThatStepAndTakesNoOther() throws IOException {
    run.publishBase();
    run.writeBatches(2);
    AtomicInteger readings = new AtomicInteger();
    List<TrainerLoop> running = new ArrayList<>();
    MonotonicClock clock =
        () -> {
          if (readings.incrementAndGet() == 7) { // The first after the wait: the step begins.
            running.forEach(TrainerLoop::stop);
          }
          return System.nanoTime();
        };
    try (MetricsFile metrics = run.metrics();
        TrainerLoop loop = run.loop(2, 3, LONG, clock, metrics)) {
      running.add(loop);
      loop.run(run.taken::add);
    }

    assertThat(run.weights().steps()).containsExactly(0L, 1L);
    CheckpointStore.verify(run.weights().path(1));
    assertThat(run.taken).hasSize(1);
    assertThat(Files.readAllLines(run.dir().resolve("metrics/trainer.jsonl"))).hasSize(1);
  }

  @Test
  void aFailedWriteEndsTheWaitForTheNextBatchAndTheRunWithItsCause() throws IOException {
    run.publishBase();
    run.writeBatches(1);
    try (MetricsFile metrics = run.metrics();
        TrainerLoop loop = run.loop(2, 3, Duration.ofHours(1), MonotonicClock.SYSTEM, metrics)) {
      // A directory that cannot be replaced by the checkpoint of step 1.
      Files.createDirectories(run.weights().path(1).resolve("occupied"));

      assertThatThrownBy(() -> loop.run(run.taken::add))
          .isInstanceOf(CheckpointException.class)
          .hasMessageContaining("step_1");
    }
    assertThat(run.taken).isEmpty();
    assertThat(run.log).noneMatch(event -> event.startsWith("[ckpt]"));
  }

  @Test
  void aStepIsTakenWhileTheWeightsOfTheOneBeforeAreWritten() throws Exception {
    run.publishBase();
    run.writeBatches(2);
    CompletableFuture<Void> secondStep = new CompletableFuture<>();
    try (MetricsFile metrics = run.metrics();
        TrainerLoop loop = run.loop(2, 3, LONG, MonotonicClock.SYSTEM, metrics)) {
      Thread trainer = Thread.currentThread();
      loop.run(
          step -> {
            assertThat(Thread.currentThread()).isNotEqualTo(trainer);
            run.taken.add(step);
            if (step.step() == 1) {
              // Ends once step 2 is counted, which happens before its copy waits for this write.
              run.awaitSteps(2);
              secondStep.complete(null);
            }
          });
    }
    assertThat(secondStep).isCompleted();
    assertThat(run.taken).extracting(StepMetrics::step).containsExactly(1L, 2L);
    CheckpointStore.verify(run.weights().path(2));
    assertThat(Files.mismatch(run.safetensors(1), run.safetensors(2))).isNotNegative();
  }

  @Test
  void aBatchThatDoesNotAppearWithinItsDeadlineEndsTheRunWithItsName() throws IOException {
    run.publishBase();
    try (MetricsFile metrics = run.metrics();
        TrainerLoop loop = run.loop(1, 3, Duration.ofSeconds(1), MonotonicClock.SYSTEM, metrics)) {
      assertThatThrownBy(() -> loop.run(run.taken::add))
          .isInstanceOf(BatchException.class)
          .hasMessageContaining("step_1.jsonl: did not appear within 1000 ms");
    }
    assertThat(run.weights().steps()).containsExactly(0L);
  }

  @Test
  void rolloutsThatCannotBeTrainedOnAreCountedAndLeftOutAndTheRunGoesOn() throws IOException {
    run.publishBase();
    run.writeBatches(2);
    List<String> sound = Files.readAllLines(run.batches().path(1));
    String good = sound.getFirst();
    List<String> lines = new ArrayList<>();
    Map<String, String> faults = new LinkedHashMap<>();
    faults.put("[1,4,5,3,5,4,2]", "[1,4,5,3,5,4,12]"); // The vocabulary has 12 tokens.
    faults.put("[1,4,5,3,5,4,2", "[1,4,5,3,5,4,-2");
    faults.put("\"token_ids\":[1,4,5,3,5,4,2]", "\"token_ids\":[1,4,5,3,5,4,99999999999]");
    faults.put("\"token_ids\":[1,", "\"token_ids\":[1,1,");
    faults.put("\"advantage\":1.0", "\"advantage\":1e308");
    faults.put("\"advantage\":1", "\"advantage\":Infinity,\"x\":1");
    faults.put("true,true,true]", "false,false,false]");
    faults.put(",true]", ",false]");
    faults.put(
        "\"logprobs\":[0.0,0.0,0.0,0.0,", "\"logprobs\":[0.0,0.0,0.0,0.0,-1e9,0.0,0.0],\"x\":[");
    faults.put("\"logprobs\":[0.0,0.0,0.0,0.0,-", "\"logprobs\":[0.0,0.0,0.0,0.0,");
    faults.put(
        "\"logprobs\":[0.0,0.0,0.0,0.0,-2", "\"logprobs\":[0.0,0.0,0.0,0.0,NaN,0,0],\"x\":[1");
    int of = 2 * faults.size();
    for (Map.Entry<String, String> fault : faults.entrySet()) {
      String changed = good.replace(fault.getKey(), fault.getValue());
      assertThat(changed).as(fault.getKey()).isNotEqualTo(good);
      lines.add(changed);
    }
    while (lines.size() < of) {
      lines.add(sound.get(lines.size() % 2));
    }
    for (int i = 0; i < of; i++) {
      lines.set(
          i,
          lines
              .get(i)
              .replaceFirst(
                  "\"index\":[0-9]+,\"of\":2", "\"index\":%d,\"of\":%d".formatted(i, of)));
    }
    Files.write(run.batches().path(1), lines);
    try (MetricsFile metrics = run.metrics();
        TrainerLoop loop = run.loop(2, 3, LONG, MonotonicClock.SYSTEM, metrics)) {
      loop.run(run.taken::add);
    }

    assertThat(run.weights().steps()).containsExactly(0L, 1L, 2L);
    assertThat(run.taken.getFirst().tokens()).isEqualTo(3L * faults.size());
    assertThat(run.page().lines())
        .contains(
            "freshet_trainer_unusable_rollouts_total{reason=\"token_id\"} 3.0",
            "freshet_trainer_unusable_rollouts_total{reason=\"lengths\"} 1.0",
            "freshet_trainer_unusable_rollouts_total{reason=\"advantage\"} 2.0");
    assertThat(Files.readAllLines(run.dir().resolve("metrics/trainer.jsonl")).getFirst())
        .contains("\"unusable\":" + faults.size());
  }

  @Test
  void aBatchOfWhichMoreThanTheAllowedShareIsUnusablePublishesNothing() throws IOException {
    run.publishBase();
    float[] impossible = {-1e30f, -1, -1};
    run.batches()
        .write(new TrainingBatch(1, List.of(TinyModel.rollout(TrainerRun.GOOD, impossible, 1))));
    try (MetricsFile metrics = run.metrics();
        TrainerLoop loop = run.loop(1, 3, LONG, MonotonicClock.SYSTEM, metrics)) {
      assertThatThrownBy(() -> loop.run(run.taken::add))
          .isInstanceOf(TrainerException.class)
          .hasMessage(
              "step 1: 1 of 1 rollouts cannot be trained on, expected at most"
                  + " trainer.max_unusable 0.5: rollout 'r': token 4 has logprob -1.0E30,"
                  + " expected -30.0 to 0");
    }
    assertThat(run.weights().steps()).containsExactly(0L);
    assertThat(run.log).isEmpty();
  }

  @Test
  void aBatchThatTheUpdateLogContradictsIsRefusedAndLeavesTheWeightsUnchanged(@TempDir Path other)
      throws IOException {
    run.publishBase();
    run.writeBatches(1);
    TrainingBatch believed = run.batches().read(1);
    try (MetricsFile metrics = run.metrics();
        TrainerLoop loop = run.loop(1, 3, LONG, MonotonicClock.SYSTEM, metrics)) {
      run.batches().updates().begin(4); // No server was ever asked for version 0.
      assertThatThrownBy(() -> loop.run(run.taken::add))
          .isInstanceOf(TrainerException.class)
          .hasMessage(
              "step 1: token 4 of rollout 'r' has policy version 0: expected one that was sent to"
                  + " a server according to the update log");
      assertThat(run.weights().steps()).containsExactly(0L);
      assertThat(run.taken).isEmpty();
      assertThat(run.dir().resolve("metrics/trainer.jsonl")).isEmptyFile();

      run.batches().updates().begin(0);
      loop.run(run.taken::add);
    }
    Path trainedAfterRefusal = run.safetensors(1);

    run = new TrainerRun(other);
    run.publishBase();
    run.batches().write(believed);
    try (MetricsFile metrics = run.metrics();
        TrainerLoop loop = run.loop(1, 3, LONG, MonotonicClock.SYSTEM, metrics)) {
      loop.run(run.taken::add);
    }
    assertThat(run.safetensors(1)).hasSameBinaryContentAs(trainedAfterRefusal);
  }

  @Test
  void aBrokenUpdateLogEndsTheRunWithFileAndLine() throws IOException {
    run.publishBase();
    run.writeBatches(1);
    run.batches().updates().begin(0);
    Files.writeString(run.batches().updates().path(), "{\"version\":0}\n");
    try (MetricsFile metrics = run.metrics();
        TrainerLoop loop = run.loop(1, 3, LONG, MonotonicClock.SYSTEM, metrics)) {
      assertThatThrownBy(() -> loop.run(run.taken::add))
          .isInstanceOf(BatchException.class)
          .hasMessageContaining("updates.jsonl: line 1: field 'event' is missing");
    }
    assertThat(run.weights().steps()).containsExactly(0L);
  }
}
