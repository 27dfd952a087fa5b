package dev.freshet.trainer;

import dev.freshet.trace.MonotonicClock;
import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.CheckpointStore;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The trainer's own checkpoints, {@code checkpoints/step_N/}: the {@link TrainingState} after some
 * of the steps, from which a later process continues. Written beside the training, in the way of
 * {@link CheckpointStore}; the step is held up by the copy alone. Used by the thread that trains.
 */
final class TrainingCheckpoints implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TrainingCheckpoints.class);
  private static final double MB = 1e6;

  private final CheckpointStore store;
  private final int every;
  private final int keep;
  private final MonotonicClock clock;
  private final WriterThread thread =
      new WriterThread("the trainer's state", "freshet-state-writer", WriterThread.DISK_DEADLINE);

  /** The step of the newest one. */
  private long newest;

  /**
   * @param every steps between two of them; 0 for none
   * @param keep how many of the newest stay on disk
   */
  TrainingCheckpoints(CheckpointStore store, int every, int keep, MonotonicClock clock) {
    this.store = store;
    this.every = every;
    this.keep = keep;
    this.clock = clock;
  }

  /**
   * Gives a model the newest state. Returns its step; 0 if there is none, and the model is as it
   * was.
   *
   * @throws dev.freshet.weights.CheckpointException if it is broken
   * @throws TrainerException if it is of another model
   */
  long restore(TrainableModel model) {
    OptionalLong latest = store.latest();
    if (latest.isEmpty()) {
      return 0;
    }
    newest = latest.getAsLong();
    Path dir = store.path(newest);
    try (Checkpoint checkpoint = CheckpointStore.openVerified(dir)) {
      model.restore(checkpoint.tensors(), newest);
    } catch (TrainerException e) {
      throw new TrainerException(
          "%s: %s: the run had another model, or another trainer.lora"
              .formatted(dir, e.getMessage()),
          e);
    }
    return newest;
  }

  /**
   * Writes the state after a step if one is due.
   *
   * @param told is done when the step is published and reported: a process that resumes from its
   *     state does neither
   * @param failed called on the writer's thread if it cannot be written; a later call throws the
   *     cause
   */
  void after(long step, TrainableModel model, CompletableFuture<Void> told, Runnable failed) {
    if (every > 0 && step % every == 0) {
      write(step, model, told, failed);
    }
  }

  /**
   * Writes the state after the last step, which is published and reported, unless it is there.
   * Waits until it is written.
   */
  void last(long step, TrainableModel model) {
    thread.await();
    if (every > 0 && step > newest) {
      write(step, model, CompletableFuture.completedFuture(null), () -> {});
      thread.await();
    }
  }

  private void write(
      long step, TrainableModel model, CompletableFuture<Void> told, Runnable failed) {
    thread.await();
    newest = step;
    TrainingState state = model.state();
    thread.beginAfter(told, () -> write(step, state), failed);
    var _ = thread.idle().whenComplete((_, _) -> state.close());
  }

  private void write(long step, TrainingState state) {
    long start = clock.nanos();
    var tensors = state.tensors();
    store.publish(step, step, tensors, Map.of());
    store.retain(keep, Set.of());
    double bytes = tensors.stream().mapToDouble(tensor -> tensor.data().byteSize()).sum();
    LOG.info(
        "the state after step {} is in {}: {} MB in {} ms",
        step,
        store.path(step),
        Math.round(bytes / MB),
        Math.round(clock.millisSince(start)));
  }

  /** Waits until nothing is being written. */
  @Override
  public void close() {
    thread.close();
  }
}
