package dev.freshet.trainer;

import dev.freshet.trace.EventLog;
import dev.freshet.trace.jfr.CheckpointWriteEvent;
import dev.freshet.weights.BroadcastSender;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.weights.TensorSource;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.DoubleConsumer;
import java.util.stream.Collectors;

/**
 * Publishes copies of the weights on a thread of its own, one at a time, while the trainer
 * continues. All methods are called by the thread that trains.
 */
final class CheckpointWriter implements AutoCloseable {
  /** What a step consists of on disk. */
  @FunctionalInterface
  interface Form {
    /** Publishes a step with these tensors and the other files of a step. */
    void publish(long step, List<? extends TensorSource> tensors);
  }

  private final CheckpointStore weights;
  private final Form form;
  private final int keep;
  private final VersionsInUse inUse;
  private final Optional<BroadcastSender> broadcasts;
  private final EventLog events;
  private final WriterThread thread;

  /**
   * A writer into {@code weights}.
   *
   * @param form publishes the tensors of a step there
   * @param keep how many of the newest steps stay on disk; step 0 does, too
   * @param inUse the steps that stay on disk as well; closed with this object
   * @param broadcasts offers every step to another program
   */
  CheckpointWriter(
      CheckpointStore weights,
      Form form,
      int keep,
      VersionsInUse inUse,
      Optional<BroadcastSender> broadcasts,
      EventLog events) {
    this.weights = weights;
    this.form = form;
    this.keep = keep;
    this.inUse = inUse;
    this.broadcasts = broadcasts;
    this.events = events;
    this.thread =
        new WriterThread(
            "a checkpoint",
            "freshet-checkpoint-writer",
            broadcasts
                .map(BroadcastSender::deadline)
                .orElse(Duration.ZERO)
                .plus(WriterThread.DISK_DEADLINE));
  }

  /** A copy of the weights after a step, and how long the step after it was held up by the copy. */
  record Snapshot(long step, List<? extends TensorSource> tensors, double copyMs) {}

  /**
   * Starts to publish a snapshot, which must stay unchanged until it is written. No other may be
   * being written.
   *
   * @param written receives the duration in milliseconds once the step is published, on the
   *     writer's thread
   * @param failed called on the writer's thread if it fails; {@link #await} throws the cause
   */
  void publish(Snapshot snapshot, DoubleConsumer written, Runnable failed) {
    thread.begin(
        () -> {
          double writeMs = write(snapshot);
          broadcast(snapshot.step());
          written.accept(writeMs);
        },
        failed);
  }

  /**
   * Starts to offer a step that is published already to another program, if there is one. No other
   * step may be being written.
   *
   * @param failed as with {@link #publish}
   */
  void offer(long step, Runnable failed) {
    if (broadcasts.isPresent()) {
      thread.begin(() -> broadcast(step), failed);
    }
  }

  /** Ends a wait for the program to which steps are offered. May be called by any thread. */
  void stop() {
    broadcasts.ifPresent(BroadcastSender::stop);
  }

  private void broadcast(long step) {
    if (broadcasts.isEmpty()) {
      return;
    }
    try {
      broadcasts.get().send(step, weights.path(step));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TrainerException("step %d: interrupted while it was offered".formatted(step), e);
    }
  }

  private double write(Snapshot snapshot) {
    long step = snapshot.step();
    CheckpointWriteEvent recorded = CheckpointWriteEvent.begun();
    long start = events.clock().nanos();
    form.publish(step, snapshot.tensors());
    double writeMs = events.clock().millisSince(start);
    recorded.done(step, writeMs);
    events.checkpointWritten(step, writeMs, snapshot.copyMs());
    weights.retain(keep, kept());
    return writeMs;
  }

  /** The base model, and what a server may still have to load. */
  private Set<Long> kept() {
    long oldest = inUse.oldest().orElse(Long.MAX_VALUE);
    return weights.steps().stream()
        .filter(step -> step == 0 || step >= oldest)
        .collect(Collectors.toSet());
  }

  /**
   * Waits until nothing is being written, even if interrupted.
   *
   * @throws RuntimeException the failure of the last write, as at every later call
   */
  void await() {
    thread.await();
  }

  /** Is done when nothing is being written. */
  CompletableFuture<Void> idle() {
    return thread.idle();
  }

  /** Waits until nothing is being written. */
  @Override
  public void close() {
    thread.close();
    inUse.close();
  }
}
