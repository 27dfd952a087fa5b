package dev.freshet.trainer;

import dev.freshet.metrics.MetricsFile;
import dev.freshet.model.ConfigJson;
import dev.freshet.model.ModelConfig;
import dev.freshet.model.ModelWeights;
import dev.freshet.model.Parameters;
import dev.freshet.model.Torch;
import dev.freshet.rollouts.BatchStore;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.rollouts.UnusableRollout;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.jfr.CheckpointWriteEvent;
import dev.freshet.trace.jfr.TrainingStepEvent;
import dev.freshet.trace.waits.Waits;
import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.CheckpointStore;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The trainer's main loop: for every step it awaits the batch, takes the step and publishes the
 * weights. The weights of step N are published before the batch of step N + 1 is read. Rollouts
 * that cannot be trained on are reported, counted and left out. A batch with impossible policy
 * versions, or with too many such rollouts, is refused whole and leaves the weights unchanged.
 *
 * <p>{@link #run} is called once, on the thread that does the work. {@link #stop} may be called
 * from any thread; the step in progress ends and its weights are published.
 */
public final class TrainerLoop implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TrainerLoop.class);

  private final TrainerConfig config;
  private final long steps;
  private final CheckpointStore weights;
  private final BatchStore batches;
  private final BatchScreen screen;
  private final VersionSpans versions;
  private final EventLog events;
  private final MetricsFile file;
  private final TrainerMetrics metrics;
  private final TrainableModel model;
  private final PolicyTrainer trainer;
  private final Map<String, byte[]> sideFiles;
  private volatile boolean stopping;
  private Optional<Thread> awaiting = Optional.empty();

  /**
   * Loads step 0 of {@code weights} as the policy to train.
   *
   * @param steps the number of batches to train on
   * @param file receives one line a step; the caller closes it
   * @throws dev.freshet.weights.CheckpointException if step 0 is missing or broken
   * @throws dev.freshet.model.ModelException if it is not a model that Freshet supports
   */
  public TrainerLoop(
      TrainerConfig config,
      long steps,
      CheckpointStore weights,
      BatchStore batches,
      EventLog events,
      MetricsFile file,
      TrainerMetrics metrics) {
    this.config = config;
    this.steps = steps;
    this.weights = weights;
    this.batches = batches;
    this.versions = new VersionSpans(batches.updates().cursor());
    this.events = events;
    this.file = file;
    this.metrics = metrics;
    Path base = weights.path(0);
    this.sideFiles = CheckpointStore.sideFiles(base);
    this.model = load(base, config);
    this.screen =
        new BatchScreen(model.config().vocabSize(), config.packLength(), config.maxUnusable());
    this.trainer =
        new PolicyTrainer(
            model, config.loss().loss(), config.packLength(), config.microTokens(), events.clock());
  }

  private static TrainableModel load(Path base, TrainerConfig config) {
    ModelConfig shape = ConfigJson.read(base).forContext(config.packLength());
    try (Checkpoint checkpoint = CheckpointStore.openVerified(base)) {
      ModelWeights own = ModelWeights.copyOf(Parameters.of(shape, checkpoint), ScalarType.Float);
      return new TrainableModel(own, config.precision(), config.optimizer());
    }
  }

  /**
   * Trains to the last step, or until stopped.
   *
   * @param progress called after every step, once its weights are published
   * @throws dev.freshet.rollouts.BatchException if a batch is broken or does not appear within its
   *     deadline, or the update log is broken
   * @throws TrainerException if a batch is refused or its loss or gradient is not finite
   */
  public void run(Consumer<StepMetrics> progress) {
    Torch.computeThread(config.threads());
    MonotonicClock clock = events.clock();
    for (long step = 1; step <= steps && !stopping; step++) {
      long waiting = clock.nanos();
      metrics.waiting();
      Optional<TrainingBatch> awaited = await(step);
      metrics.working();
      if (awaited.isEmpty()) {
        return;
      }
      double waitMs = clock.millisSince(waiting);
      BatchScreen.Screened screened = screen.screen(awaited.get());
      versions.require(screened.batch());
      report(step, screened);
      TrainingStepEvent recorded = TrainingStepEvent.begun();
      StepMetrics taken = trainer.step(screened.batch());
      metrics.step(taken);
      recorded.done(
          step,
          taken.stepMs(),
          waitMs,
          taken.tokens(),
          taken.loss(),
          taken.gradNorm(),
          taken.mismatchKl());
      double writeMs = publish(step);
      Map<String, Object> line = new LinkedHashMap<>(taken.fields());
      line.put("batch_wait_ms", waitMs);
      line.put("write_ms", writeMs);
      line.put("unusable", screened.unusable().size());
      file.append("train", line);
      progress.accept(taken);
    }
  }

  private void report(long step, BatchScreen.Screened screened) {
    for (UnusableRollout unusable : screened.unusable()) {
      LOG.warn(
          "step {}: left out ({}): {}", step, unusable.reason().wireName(), unusable.message());
    }
    screened.counts().forEach(metrics::unusable);
  }

  /**
   * The batch of a step, or empty if stopped while waiting. {@link #stop} interrupts the thread
   * only here.
   */
  private Optional<TrainingBatch> await(long step) {
    synchronized (this) {
      if (stopping) {
        return Optional.empty();
      }
      awaiting = Optional.of(Thread.currentThread());
    }
    try (Waits.Open _ =
        Waits.begin("trainer", "batch " + step, "orchestrator", config.batchDeadline())) {
      return Optional.of(batches.await(step, config.batchDeadline()));
    } catch (InterruptedException e) {
      if (stopping) {
        return Optional.empty();
      }
      Thread.currentThread().interrupt();
      throw new TrainerException(
          "step %d: interrupted while waiting for its batch".formatted(step), e);
    } finally {
      synchronized (this) {
        awaiting = Optional.empty();
        if (stopping) {
          boolean _ = Thread.interrupted();
        }
      }
    }
  }

  private double publish(long step) {
    CheckpointWriteEvent recorded = CheckpointWriteEvent.begun();
    long start = events.clock().nanos();
    weights.publish(step, step - 1, model.views(), sideFiles);
    double writeMs = events.clock().millisSince(start);
    recorded.done(step, writeMs);
    events.checkpointWritten(step, writeMs);
    metrics.published(step, writeMs);
    weights.retain(config.keepWeights(), Set.of(0L));
    return writeMs;
  }

  /** Makes {@link #run} return after the step in progress. */
  public synchronized void stop() {
    stopping = true;
    awaiting.ifPresent(Thread::interrupt);
  }

  /** Frees the model. Call only after {@link #run} has returned. */
  @Override
  public void close() {
    model.close();
    versions.close();
  }
}
