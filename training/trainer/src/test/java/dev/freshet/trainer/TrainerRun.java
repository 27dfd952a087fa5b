package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.metrics.MetricsFile;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.model.ConfigJson;
import dev.freshet.model.ModelWeights;
import dev.freshet.rollouts.BatchStore;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trainer.algorithm.Algorithm;
import dev.freshet.weights.CheckpointStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * A run directory with a tiny base model, and trainers on it. What a trainer logs, reports and
 * counts is kept; the registry is that of the newest trainer.
 */
final class TrainerRun {
  static final Duration LONG = Duration.ofSeconds(60);
  static final int[] GOOD = {1, 4, 5, 3, 5, 4, 2};
  static final byte[] OPAQUE = "{\"opaque\": true}".getBytes(StandardCharsets.UTF_8);

  private static final int[] BAD = {1, 4, 5, 3, 9, 9, 9};

  final List<String> log = Collections.synchronizedList(new ArrayList<>());
  final List<StepMetrics> taken = Collections.synchronizedList(new ArrayList<>());
  private final Path dir;

  /** As the key of the configuration. */
  String broadcasts = "";

  private MetricsRegistry registry = new MetricsRegistry();

  TrainerRun(Path dir) {
    this.dir = dir;
  }

  Path dir() {
    return dir;
  }

  CheckpointStore weights() {
    return new CheckpointStore(dir.resolve("weights"));
  }

  CheckpointStore checkpoints() {
    return new CheckpointStore(dir.resolve("checkpoints"));
  }

  BatchStore batches() {
    return new BatchStore(dir.resolve("rollouts"));
  }

  Path safetensors(long step) {
    return weights().path(step).resolve("model.safetensors");
  }

  /** Waits until a trainer has counted so many steps. */
  void awaitSteps(int count) {
    String line = "freshet_trainer_step_seconds_count " + count;
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (page().lines().noneMatch(line::equals)) {
      assertThat(System.nanoTime()).as("waiting for " + line).isLessThan(end);
      Thread.onSpinWait();
    }
  }

  MetricsFile metrics() throws IOException {
    return MetricsFile.open(dir, "trainer", InstantSource.system());
  }

  void publishBase() {
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

  void writeBatches(int steps) {
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

  String page() {
    return new String(registry.page("").body(), StandardCharsets.UTF_8);
  }

  /** Trains to a step; a later process does. */
  void train(long steps, boolean resume) throws IOException {
    try (MetricsFile metrics = metrics();
        TrainerLoop loop = loop(steps, 10, LONG, MonotonicClock.SYSTEM, metrics, resume)) {
      loop.run(taken::add);
    }
  }

  TrainerLoop loop(
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
            broadcasts,
            deadline.toSeconds(),
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
