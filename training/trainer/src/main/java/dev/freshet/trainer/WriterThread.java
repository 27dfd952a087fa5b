package dev.freshet.trainer;

import dev.freshet.trace.waits.Waits;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Writes to the disk on a thread of its own, one thing at a time, while the trainer continues. All
 * methods are called by the thread that trains.
 */
final class WriterThread implements AutoCloseable {
  /** For a disk to take what is written. */
  static final Duration DISK_DEADLINE = Duration.ofMinutes(10);

  private final String what;
  private final Duration deadline;
  private final ExecutorService thread;
  private CompletableFuture<Void> writing = CompletableFuture.completedFuture(null);

  /**
   * @param what it writes, in words
   * @param deadline for one thing to be written
   */
  WriterThread(String what, String threadName, Duration deadline) {
    this.what = what;
    this.deadline = deadline;
    this.thread = Executors.newSingleThreadExecutor(Thread.ofPlatform().name(threadName).factory());
  }

  /**
   * Begins to write. Nothing else may be being written.
   *
   * @param failed called on the writer's thread if it fails; {@link #await} throws the cause
   */
  void begin(Runnable write, Runnable failed) {
    beginAfter(CompletableFuture.completedFuture(null), write, failed);
  }

  /** As {@link #begin}, once {@code other} has been done. */
  void beginAfter(CompletableFuture<Void> other, Runnable write, Runnable failed) {
    writing = other.thenRunAsync(write, thread);
    writing.exceptionally(
        _ -> {
          failed.run();
          return null;
        });
  }

  /**
   * Waits until nothing is being written, even if interrupted.
   *
   * @throws RuntimeException the failure of the last write, as at every later call
   */
  void await() {
    try (Waits.Open _ = Waits.begin("trainer", "the write of " + what, "disk", deadline)) {
      writing.copy().orTimeout(deadline.toMillis(), TimeUnit.MILLISECONDS).join();
    } catch (CompletionException e) {
      switch (e.getCause()) {
        case TimeoutException late ->
            throw new TrainerException(
                "%s was not written within %s".formatted(what, deadline), late);
        case RuntimeException failure -> throw failure;
        case Error failure -> throw failure;
        case null, default -> throw e;
      }
    }
  }

  /** Is done when nothing is being written. */
  CompletableFuture<Void> idle() {
    return writing.copy();
  }

  /** Waits until nothing is being written. */
  @Override
  public void close() {
    thread.shutdown();
    try {
      if (!thread.awaitTermination(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new TrainerException("%s was not written within %s".formatted(what, deadline));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
