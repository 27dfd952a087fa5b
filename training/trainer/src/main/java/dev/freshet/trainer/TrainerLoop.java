package dev.freshet.trainer;

import dev.freshet.metrics.MetricsFile;
import dev.freshet.model.ModelWeights;
import dev.freshet.rollouts.BatchStore;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.rollouts.UnusableRollout;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.ThreadPriority;
import dev.freshet.trace.jfr.TrainingStepEvent;
import dev.freshet.trace.time.RoleClock;
import dev.freshet.trace.time.RoleState;
import dev.freshet.trace.time.StepTimes;
import dev.freshet.trace.waits.Waits;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.weights.TensorSource;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The trainer's main loop: for every step it awaits the batch, takes the step and copies the
 * weights. The copy is published beside the wait for the batch of the next step, and before the
 * copy of that step is taken: the weights in memory are at most one step ahead of those on disk.
 * Rollouts that cannot be trained on are reported, counted and left out. A batch with impossible
 * policy versions, or with too many such rollouts, is refused whole and leaves the weights
 * unchanged.
 *
 * <p>{@link #run} is called once, on the thread that does the work. {@link #stop} may be called
 * from any thread; the step in progress ends and its weights are published. A failed write stops
 * the loop, too.
 */
public final class TrainerLoop implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TrainerLoop.class);

  /** The kind of a step's line in the metrics. */
  private static final String LINES = "train";

  private final TrainerConfig config;
  private final long steps;
  private final BatchStore batches;
  private final BatchScreen screen;
  private final VersionSpans versions;
  private final EventLog events;
  private final MetricsFile file;
  private final TrainerMetrics metrics;
  private final TrainableModel model;
  private final PolicyTrainer trainer;
  private final CheckpointWriter writer;
  private boolean warnedOfMismatch;
  private final TrainingCheckpoints states;

  /** The first step to take. */
  private final long first;

  /** Steps up to this one were published by an earlier process. */
  private final long published;

  /** Steps up to this one have their line in the metrics. */
  private final long reported;

  private volatile boolean stopping;
  private Optional<Thread> awaiting = Optional.empty();

  /**
   * Loads step 0 of {@code weights} as the policy to train; or, to resume, the newest state in
   * {@code checkpoints}. The steps after that are taken again, on the batches that are there: they
   * result in the same weights, so those that are published already are not published again.
   *
   * @param steps the number of batches to train on
   * @param resume whether to continue where an earlier process ended
   * @param file receives one line a step; the caller closes it
   * @throws dev.freshet.weights.CheckpointException if step 0 or the state is missing or broken
   * @throws TrainerException if the state is of another model
   * @throws dev.freshet.model.ModelException if it is not a model that Freshet supports
   */
  public TrainerLoop(
      TrainerConfig config,
      long steps,
      boolean resume,
      CheckpointStore weights,
      CheckpointStore checkpoints,
      BatchStore batches,
      EventLog events,
      MetricsFile file,
      TrainerMetrics metrics) {
    this.config = config;
    this.steps = steps;
    this.batches = batches;
    this.versions = new VersionSpans(batches.updates().cursor());
    this.events = events;
    this.file = file;
    this.metrics = metrics;
    Path base = weights.path(0);
    ModelWeights trained = config.lora().applied(TrainableModel.read(base, config.packLength()));
    this.writer =
        new CheckpointWriter(
            weights,
            form(weights, trained),
            config.keepWeights(),
            new VersionsInUse(batches.updates().cursor()),
            config.broadcastSender(),
            events);
    Objective objective = Objective.of(config.algorithm());
    Optional<ModelWeights> reference =
        objective.hasReference()
            ? Optional.of(TrainableModel.read(base, config.packLength()))
            : Optional.empty();
    this.model = new TrainableModel(trained, reference, config.execution(), config.optimizer());
    this.screen =
        new BatchScreen(model.config().vocabSize(), config.packLength(), config.maxUnusable());
    this.trainer =
        new PolicyTrainer(
            model, objective, config.packLength(), config.microTokens(), events.clock());
    this.states =
        new TrainingCheckpoints(
            checkpoints, config.checkpointEvery(), config.keepCheckpoints(), events.clock());
    this.first = resume ? states.restore(model) + 1 : 1;
    this.published = resume ? weights.latest().orElse(0) : 0;
    this.reported = resume ? file.largest(LINES, "step").orElse(0) : 0;
    if (resume) {
      LOG.info(
          "continues with step {}; weights/step_{} are the newest that are published",
          first,
          published);
    }
  }

  private CheckpointWriter.Form form(CheckpointStore weights, ModelWeights trained) {
    Path base = weights.path(0);
    if (config.lora().publishesAdapter()) {
      Map<String, byte[]> files =
          trained.adapter().orElseThrow().files(base.toAbsolutePath().toString());
      return (step, tensors) -> weights.publishAdapter(step, step - 1, tensors, files);
    }
    Map<String, byte[]> files = CheckpointStore.sideFiles(base);
    return (step, tensors) -> weights.publish(step, step - 1, tensors, files);
  }

  /**
   * Trains to the last step, or until stopped, and returns when the weights of the last step are
   * published.
   *
   * @param progress called after every step, once its weights are published, on the thread that
   *     writes them
   * @throws dev.freshet.rollouts.BatchException if a batch is broken or does not appear within its
   *     deadline, or the update log is broken
   * @throws dev.freshet.weights.CheckpointException if a checkpoint cannot be written
   * @throws TrainerException if a batch is refused or its loss or gradient is not finite
   */
  public void run(Consumer<StepMetrics> progress) {
    ThreadPriority.lower(ThreadPriority.COMPUTE);
    long last = first - 1;
    StepTimes times = new StepTimes("trainer", metrics.time(), events);
    try {
      // The taker of broadcasts begins with the version that the first batch is sampled from.
      writer.offer(published, this::stop);
      for (long step = first; step <= steps && !stopping; step++) {
        long waiting = events.clock().nanos();
        Optional<TrainingBatch> batch = await(step);
        if (batch.isEmpty()) {
          break;
        }
        step(step, batch.get(), events.clock().millisSince(waiting), times, progress);
        last = step;
      }
      try (RoleClock.Activity _ = metrics.time().begin(RoleState.PUBLISHING)) {
        writer.await(); // A process that resumes from the state does not publish its step.
        states.last(last, model);
      }
      times.endRun();
    } finally {
      writer.await();
    }
  }

  private void step(
      long step,
      TrainingBatch awaited,
      double waitMs,
      StepTimes times,
      Consumer<StepMetrics> progress) {
    RoleClock.Activity training = metrics.time().begin(RoleState.TRAINING);
    BatchScreen.Screened screened = screen.screen(awaited);
    long synthesised = versions.require(screened.batch());
    metrics.synthesised(synthesised);
    report(step, screened);
    TrainingStepEvent recorded = TrainingStepEvent.begun();
    StepMetrics taken = trainer.step(screened.batch());
    metrics.step(taken);
    warnOfMismatch(taken);
    recorded.done(
        step,
        taken.stepMs(),
        waitMs,
        taken.tokens(),
        taken.loss(),
        taken.gradNorm(),
        taken.mismatchKl());
    Map<String, Object> line = new LinkedHashMap<>(taken.fields());
    line.put("batch_wait_ms", waitMs);
    line.put("unusable", screened.unusable().size());
    line.put("synthesised_versions", synthesised);
    training.close();
    if (step <= published) {
      line.put("role_time", times.end(step).fields());
      ended(step, line, taken, progress);
    } else {
      publish(step, line, taken, times, progress);
    }
    try (RoleClock.Activity _ = metrics.time().begin(RoleState.PUBLISHING)) {
      states.after(step, model, writer.idle(), this::stop);
    }
  }

  /** The time of a step ends with its copy of the weights. */
  private void publish(
      long step,
      Map<String, Object> line,
      StepMetrics taken,
      StepTimes times,
      Consumer<StepMetrics> progress) {
    try (RoleClock.Activity _ = metrics.time().begin(RoleState.PUBLISHING)) {
      writer.await();
    }
    CheckpointWriter.Snapshot snapshot = snapshot(step);
    line.put("role_time", times.end(step).fields());
    writer.publish(
        snapshot,
        writeMs -> {
          metrics.published(step, writeMs);
          line.put("copy_ms", snapshot.copyMs());
          line.put("write_ms", writeMs);
          ended(step, line, taken, progress);
        },
        this::stop);
  }

  private void ended(
      long step, Map<String, Object> line, StepMetrics taken, Consumer<StepMetrics> progress) {
    if (step > reported) {
      file.append(LINES, line);
    }
    progress.accept(taken);
  }

  private CheckpointWriter.Snapshot snapshot(long step) {
    long start = events.clock().nanos();
    boolean merges = config.lora().isOn() && !config.lora().publishesAdapter();
    try (RoleClock.Activity _ = metrics.time().begin(RoleState.SNAPSHOT)) {
      List<? extends TensorSource> tensors = merges ? model.merged() : model.snapshot();
      return new CheckpointWriter.Snapshot(step, tensors, events.clock().millisSince(start));
    }
  }

  private void report(long step, BatchScreen.Screened screened) {
    for (UnusableRollout unusable : screened.unusable()) {
      LOG.warn(
          "step {}: left out ({}): {}", step, unusable.reason().wireName(), unusable.message());
    }
    screened.counts().forEach(metrics::unusable);
  }

  /** Once a run: a difference of the distributions stays. */
  private void warnOfMismatch(StepMetrics taken) {
    if (!warnedOfMismatch && taken.quality().showsOtherDistribution()) {
      warnedOfMismatch = true;
      LOG.warn(
          "step {}: mismatch KL {} of tokens that this policy generated, expected below {}: the"
              + " server's logprobs are not those of the distribution that it sampled from, or it has"
              + " other weights; see docs/runbook/mismatch-kl.md",
          taken.step(),
          taken.quality().mismatchKlByLag().get(0),
          PolicyQuality.MOST_MISMATCH_BY_ROUNDING);
    }
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
    try (RoleClock.Activity _ = metrics.time().begin(RoleState.BATCH);
        Waits.Open _ =
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

  /** Makes {@link #run} return after the step in progress. */
  public synchronized void stop() {
    stopping = true;
    writer.stop();
    awaiting.ifPresent(Thread::interrupt);
  }

  /** Frees the model. Call only after {@link #run} has returned. */
  @Override
  public void close() {
    writer.close();
    states.close();
    model.close();
    versions.close();
  }
}
