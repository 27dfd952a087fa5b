package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.metrics.MetricsFile;
import dev.freshet.metrics.MetricsReader;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.model.ConfigJson;
import dev.freshet.model.ModelWeights;
import dev.freshet.process.Memory;
import dev.freshet.rollouts.BatchException;
import dev.freshet.rollouts.BatchStore;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trainer.algorithm.Algorithm;
import dev.freshet.weights.CheckpointException;
import dev.freshet.weights.CheckpointStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** The trainer of a run, on real files. */
@Timeout(120)
class TrainerLoopTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final int[] GOOD = {1, 4, 5, 3, 5, 4, 2};
  private static final int[] BAD = {1, 4, 5, 3, 9, 9, 9};
  private static final byte[] OPAQUE = "{\"opaque\": true}".getBytes(StandardCharsets.UTF_8);

  @TempDir Path run;

  private final List<String> log = Collections.synchronizedList(new ArrayList<>());
  private MetricsRegistry registry = new MetricsRegistry();
  private final List<StepMetrics> taken = Collections.synchronizedList(new ArrayList<>());

  /**
   * @param state the step of the newest state on disk when the first process was killed
   * @param published the step of its newest weights
   * @param reported the step of its last line in the metrics
   */
  @ParameterizedTest
  @CsvSource({"0, 0, 0", "0, 1, 0", "0, 3, 3", "2, 3, 2", "2, 5, 4", "6, 6, 6", "6, 7, 6"})
  void aTrainerThatWasKilledGoesOnAsIfItHadNotBeen(long state, long published, long reported)
      throws IOException {
    publishBase();
    writeBatches(7);
    train(7, false);
    byte[] expected = Files.readAllBytes(safetensors(7));
    List<JsonNode> uninterrupted = lines();
    leave(weights(), published);
    leave(checkpoints(), state);
    Path metrics = run.resolve("metrics/trainer.jsonl");
    List<String> lines = Files.readAllLines(metrics);
    Files.write(metrics, lines.subList(0, (int) reported));
    Files.writeString(metrics, "{\"role\":\"trai", StandardOpenOption.APPEND);
    taken.clear();

    train(7, true);

    assertThat(safetensors(7)).hasBinaryContent(expected);
    assertThat(taken).extracting(StepMetrics::step).first().isEqualTo(state + 1);
    assertThat(lines()).hasSize(7);
    for (String field : List.of("step", "loss", "entropy", "grad_norm", "mismatch_kl")) {
      assertThat(lines())
          .extracting(line -> line.path(field))
          .isEqualTo(uninterrupted.stream().map(line -> line.path(field)).toList());
    }
    assertThat(checkpoints().steps().getLast()).isEqualTo(7);
  }

  @Test
  void theStateOfAnotherModelIsRefusedByTheNameOfTheTensor() throws IOException {
    publishBase();
    writeBatches(2);
    try (ModelWeights other = TinyModel.weights()) {
      checkpoints().publish(1, 1, other.views(), Map.of());
    }

    assertThatThrownBy(() -> train(2, true))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining(checkpoints().path(1).toString())
        .hasMessageContaining("tensor 'exp_avg.")
        .hasMessageContaining("is missing: the run had another model");
  }

  /** What a process leaves that was killed after a step. */
  private static void leave(CheckpointStore store, long newest) throws IOException {
    for (long step : store.steps()) {
      if (step > newest) {
        Path dir = store.path(step);
        try (Stream<Path> files = Files.list(dir)) {
          for (Path file : files.toList()) {
            Files.delete(file);
          }
        }
        Files.delete(dir);
      }
    }
  }

  private List<JsonNode> lines() throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    new MetricsReader(run).read(lines::add);
    return lines;
  }

  @Test
  void everyStepIsPublishedWholeAndReported() throws IOException {
    publishBase();
    writeBatches(2);

    try (MetricsFile metrics = metrics();
        TrainerLoop loop = loop(2, 3, LONG, MonotonicClock.SYSTEM, metrics)) {
      loop.run(taken::add);
    }

    assertThat(weights().steps()).containsExactly(0L, 1L, 2L);
    for (long step : weights().steps()) {
      Path dir = weights().path(step);
      CheckpointStore.verify(dir);
      assertThat(dir.resolve("STABLE")).isEmptyFile();
      assertThat(dir.resolve("manifest.json")).isNotEmptyFile();
      assertThat(ConfigJson.read(dir)).isEqualTo(TinyModel.CONFIG);
      assertThat(dir.resolve("tokenizer.json")).hasBinaryContent(OPAQUE);
      assertThat(dir.resolve("tokenizer_config.json")).hasBinaryContent(OPAQUE);
    }
    assertThat(Files.mismatch(safetensors(0), safetensors(1))).isNotNegative();
    assertThat(Files.mismatch(safetensors(1), safetensors(2))).isNotNegative();
    assertThat(log).hasSize(2);
    assertThat(log.getFirst())
        .matches("\\[ckpt] write\\.done step=1 write_ms=[0-9]+\\.[0-9] copy_ms=[0-9]+\\.[0-9]");
    assertThat(log.getLast()).startsWith("[ckpt] write.done step=2 write_ms=");
    assertThat(taken).extracting(StepMetrics::step).containsExactly(1L, 2L);
    StepMetrics last = taken.getLast();
    assertThat(page().lines())
        .contains(
            "freshet_checkpoint_write_seconds_count 2",
            "freshet_trainer_step_seconds_count 2",
            "freshet_trainer_tokens_total %s"
                .formatted((double) taken.stream().mapToLong(StepMetrics::tokens).sum()),
            "freshet_trainer_policy_version 2.0",
            "freshet_trainer_loss " + last.loss(),
            "freshet_trainer_mismatch_kl_nats " + last.mismatchKl())
        .anyMatch(line -> line.startsWith("freshet_trainer_waiting_seconds_total "));
    List<String> lines = Files.readAllLines(run.resolve("metrics/trainer.jsonl"));
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
            "copy_ms",
            "write_ms");
    assertThat(line.get("role").asString()).isEqualTo("trainer");
    assertThat(line.get("kind").asString()).isEqualTo("train");
    assertThat(line.get("tokens").asInt()).isEqualTo(6);
    if (Files.exists(Path.of("/proc/self/status"))) {
      assertThat(line.get("peak_mb").asDouble())
          .isBetween(50.0, Memory.peakMb())
          .isEqualTo(taken.getFirst().peakMb());
      assertThat(page()).contains("freshet_trainer_peak_memory_bytes ");
    }
  }

  @Test
  void theNewestStepsAndTheBaseModelAreKept() throws IOException {
    publishBase();
    writeBatches(5);

    try (MetricsFile metrics = metrics();
        TrainerLoop loop = loop(5, 2, LONG, MonotonicClock.SYSTEM, metrics)) {
      loop.run(taken::add);
    }

    assertThat(weights().steps()).containsExactly(0L, 4L, 5L);
  }

  @Test
  void aStopWhileWaitingForABatchReturnsAtOnceAndPublishesNothing() throws Exception {
    publishBase();
    try (MetricsFile metrics = metrics();
        TrainerLoop loop = loop(1, 3, Duration.ofHours(1), MonotonicClock.SYSTEM, metrics)) {
      CompletableFuture<Boolean> interruptedAfter = new CompletableFuture<>();
      Thread trainer =
          Thread.ofPlatform()
              .name("test-trainer")
              .start(
                  () -> {
                    try {
                      loop.run(taken::add);
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
    assertThat(weights().steps()).containsExactly(0L);
    assertThat(taken).isEmpty();
  }

  @Test
  void aStopBeforeTheRunReturnsAtOnce() throws IOException {
    publishBase();
    writeBatches(1);
    try (MetricsFile metrics = metrics();
        TrainerLoop loop = loop(1, 3, LONG, MonotonicClock.SYSTEM, metrics)) {
      loop.stop();
      loop.run(taken::add);
    }
    assertThat(weights().steps()).containsExactly(0L);
  }

  @Test
  void aStopDuringAStepPublishesThatStepAndTakesNoOther() throws IOException {
    publishBase();
    writeBatches(2);
    AtomicInteger readings = new AtomicInteger();
    List<TrainerLoop> running = new ArrayList<>();
    MonotonicClock clock =
        () -> {
          if (readings.incrementAndGet() == 3) { // After both of the wait: the step has begun.
            running.forEach(TrainerLoop::stop);
          }
          return System.nanoTime();
        };
    try (MetricsFile metrics = metrics();
        TrainerLoop loop = loop(2, 3, LONG, clock, metrics)) {
      running.add(loop);
      loop.run(taken::add);
    }

    assertThat(weights().steps()).containsExactly(0L, 1L);
    CheckpointStore.verify(weights().path(1));
    assertThat(taken).hasSize(1);
    assertThat(Files.readAllLines(run.resolve("metrics/trainer.jsonl"))).hasSize(1);
  }

  @Test
  void aFailedWriteEndsTheWaitForTheNextBatchAndTheRunWithItsCause() throws IOException {
    publishBase();
    writeBatches(1);
    try (MetricsFile metrics = metrics();
        TrainerLoop loop = loop(2, 3, Duration.ofHours(1), MonotonicClock.SYSTEM, metrics)) {
      // A directory that cannot be replaced by the checkpoint of step 1.
      Files.createDirectories(weights().path(1).resolve("occupied"));

      assertThatThrownBy(() -> loop.run(taken::add))
          .isInstanceOf(CheckpointException.class)
          .hasMessageContaining("step_1");
    }
    assertThat(taken).isEmpty();
    assertThat(log).isEmpty();
  }

  @Test
  void aStepIsTakenWhileTheWeightsOfTheOneBeforeAreWritten() throws Exception {
    publishBase();
    writeBatches(2);
    CompletableFuture<Void> secondStep = new CompletableFuture<>();
    try (MetricsFile metrics = metrics();
        TrainerLoop loop = loop(2, 3, LONG, MonotonicClock.SYSTEM, metrics)) {
      Thread trainer = Thread.currentThread();
      loop.run(
          step -> {
            assertThat(Thread.currentThread()).isNotEqualTo(trainer);
            taken.add(step);
            if (step.step() == 1) {
              // Ends once step 2 is counted, which happens before its copy waits for this write.
              awaitSteps(2);
              secondStep.complete(null);
            }
          });
    }
    assertThat(secondStep).isCompleted();
    assertThat(taken).extracting(StepMetrics::step).containsExactly(1L, 2L);
    CheckpointStore.verify(weights().path(2));
    assertThat(Files.mismatch(safetensors(1), safetensors(2))).isNotNegative();
  }

  @Test
  void aBatchThatDoesNotAppearWithinItsDeadlineEndsTheRunWithItsName() throws IOException {
    publishBase();
    try (MetricsFile metrics = metrics();
        TrainerLoop loop = loop(1, 3, Duration.ofSeconds(1), MonotonicClock.SYSTEM, metrics)) {
      assertThatThrownBy(() -> loop.run(taken::add))
          .isInstanceOf(BatchException.class)
          .hasMessageContaining("step_1.jsonl: did not appear within 1000 ms");
    }
    assertThat(weights().steps()).containsExactly(0L);
  }

  @Test
  void rolloutsThatCannotBeTrainedOnAreCountedAndLeftOutAndTheRunGoesOn() throws IOException {
    publishBase();
    writeBatches(2);
    List<String> sound = Files.readAllLines(batches().path(1));
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
    Files.write(batches().path(1), lines);
    try (MetricsFile metrics = metrics();
        TrainerLoop loop = loop(2, 3, LONG, MonotonicClock.SYSTEM, metrics)) {
      loop.run(taken::add);
    }

    assertThat(weights().steps()).containsExactly(0L, 1L, 2L);
    assertThat(taken.getFirst().tokens()).isEqualTo(3L * faults.size());
    assertThat(page().lines())
        .contains(
            "freshet_trainer_unusable_rollouts_total{reason=\"token_id\"} 3.0",
            "freshet_trainer_unusable_rollouts_total{reason=\"lengths\"} 1.0",
            "freshet_trainer_unusable_rollouts_total{reason=\"advantage\"} 2.0");
    assertThat(Files.readAllLines(run.resolve("metrics/trainer.jsonl")).getFirst())
        .contains("\"unusable\":" + faults.size());
  }

  @Test
  void aBatchOfWhichMoreThanTheAllowedShareIsUnusablePublishesNothing() throws IOException {
    publishBase();
    float[] impossible = {-1e30f, -1, -1};
    batches().write(new TrainingBatch(1, List.of(TinyModel.rollout(GOOD, impossible, 1))));
    try (MetricsFile metrics = metrics();
        TrainerLoop loop = loop(1, 3, LONG, MonotonicClock.SYSTEM, metrics)) {
      assertThatThrownBy(() -> loop.run(taken::add))
          .isInstanceOf(TrainerException.class)
          .hasMessage(
              "step 1: 1 of 1 rollouts cannot be trained on, expected at most"
                  + " trainer.max_unusable 0.5: rollout 'r': token 4 has logprob -1.0E30,"
                  + " expected -30.0 to 0");
    }
    assertThat(weights().steps()).containsExactly(0L);
    assertThat(log).isEmpty();
  }

  @Test
  void aBatchThatTheUpdateLogContradictsIsRefusedAndLeavesTheWeightsUnchanged(@TempDir Path other)
      throws IOException {
    publishBase();
    writeBatches(1);
    TrainingBatch believed = batches().read(1);
    try (MetricsFile metrics = metrics();
        TrainerLoop loop = loop(1, 3, LONG, MonotonicClock.SYSTEM, metrics)) {
      batches().updates().begin(4); // No server was ever asked for version 0.
      assertThatThrownBy(() -> loop.run(taken::add))
          .isInstanceOf(TrainerException.class)
          .hasMessage(
              "step 1: token 4 of rollout 'r' has policy version 0: expected one that was sent to"
                  + " a server according to the update log");
      assertThat(weights().steps()).containsExactly(0L);
      assertThat(taken).isEmpty();
      assertThat(run.resolve("metrics/trainer.jsonl")).isEmptyFile();

      batches().updates().begin(0);
      loop.run(taken::add);
    }
    Path trainedAfterRefusal = safetensors(1);

    run = other;
    publishBase();
    batches().write(believed);
    try (MetricsFile metrics = metrics();
        TrainerLoop loop = loop(1, 3, LONG, MonotonicClock.SYSTEM, metrics)) {
      loop.run(taken::add);
    }
    assertThat(safetensors(1)).hasSameBinaryContentAs(trainedAfterRefusal);
  }

  @Test
  void aBrokenUpdateLogEndsTheRunWithFileAndLine() throws IOException {
    publishBase();
    writeBatches(1);
    batches().updates().begin(0);
    Files.writeString(batches().updates().path(), "{\"version\":0}\n");
    try (MetricsFile metrics = metrics();
        TrainerLoop loop = loop(1, 3, LONG, MonotonicClock.SYSTEM, metrics)) {
      assertThatThrownBy(() -> loop.run(taken::add))
          .isInstanceOf(BatchException.class)
          .hasMessageContaining("updates.jsonl: line 1: field 'event' is missing");
    }
    assertThat(weights().steps()).containsExactly(0L);
  }

  private CheckpointStore weights() {
    return new CheckpointStore(run.resolve("weights"));
  }

  private BatchStore batches() {
    return new BatchStore(run.resolve("rollouts"));
  }

  private Path safetensors(long step) {
    return weights().path(step).resolve("model.safetensors");
  }

  private void awaitSteps(int count) {
    String line = "freshet_trainer_step_seconds_count " + count;
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (page().lines().noneMatch(line::equals)) {
      assertThat(System.nanoTime()).as("waiting for " + line).isLessThan(end);
      Thread.onSpinWait();
    }
  }

  private MetricsFile metrics() throws IOException {
    return MetricsFile.open(run, "trainer", InstantSource.system());
  }

  private void publishBase() {
    try (ModelWeights base = TinyModel.weights()) {
      weights()
          .publish(
              0,
              0,
              base.views(),
              Map.of(
                  "config.json", ConfigJson.write(TinyModel.CONFIG),
                  "tokenizer.json", OPAQUE,
                  "tokenizer_config.json", OPAQUE));
    }
  }

  private void writeBatches(int steps) {
    try (ModelWeights base = TinyModel.weights()) {
      for (int step = 1; step <= steps; step++) {
        batches()
            .write(
                new TrainingBatch(
                    step,
                    List.of(
                        TinyModel.rollout(GOOD, TinyModel.logprobs(base, GOOD, 3), 1),
                        TinyModel.rollout(BAD, TinyModel.logprobs(base, BAD, 3), -1))));
      }
    }
  }

  private String page() {
    return new String(registry.page("").body(), StandardCharsets.UTF_8);
  }

  private CheckpointStore checkpoints() {
    return new CheckpointStore(run.resolve("checkpoints"));
  }

  /** Trains to a step; a later process does. */
  private void train(long steps, boolean resume) throws IOException {
    try (MetricsFile metrics = metrics();
        TrainerLoop loop = loop(steps, 10, LONG, MonotonicClock.SYSTEM, metrics, resume)) {
      loop.run(taken::add);
    }
  }

  private TrainerLoop loop(
      long steps, int keepWeights, Duration deadline, MonotonicClock clock, MetricsFile metrics) {
    return loop(steps, keepWeights, deadline, clock, metrics, false);
  }

  private TrainerLoop loop(
      long steps,
      int keepWeights,
      Duration deadline,
      MonotonicClock clock,
      MetricsFile metrics,
      boolean resume) {
    TrainerConfig config =
        new TrainerConfig(
            TinyModel.algorithm(Algorithm.DPPO),
            TinyModel.PLAIN.lr(),
            TinyModel.PLAIN.warmupSteps(),
            TinyModel.PLAIN.beta1(),
            TinyModel.PLAIN.beta2(),
            TinyModel.PLAIN.eps(),
            TinyModel.PLAIN.weightDecay(),
            TinyModel.PLAIN.maxGradNorm(),
            TinyModel.MAX_LENGTH,
            4 * TinyModel.MAX_LENGTH,
            TrainingPrecision.FLOAT32,
            false,
            1,
            keepWeights,
            2,
            10,
            deadline.toSeconds(),
            0.5,
            "127.0.0.1",
            0,
            new LoraTrainingConfig(
                0, 32, false, List.of("all-linear"), LoraTrainingConfig.Publish.MERGED));
    registry = new MetricsRegistry();
    return new TrainerLoop(
        config,
        steps,
        resume,
        weights(),
        checkpoints(),
        batches(),
        new EventLog(log::add, clock),
        metrics,
        new TrainerMetrics(registry, clock));
  }
}
