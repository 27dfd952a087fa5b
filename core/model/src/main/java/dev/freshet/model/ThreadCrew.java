package dev.freshet.model;

import dev.freshet.trace.ThreadPriority;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/** Threads of its own, which end when it is closed. */
final class ThreadCrew implements ComputeCrew {
  private static final Duration TASKS_DEADLINE = Duration.ofMinutes(10);

  private static final long END_SECONDS = 10;

  private final int workers;
  private final ExecutorService others;

  /**
   * @param workers threads that compute, the asking one included
   */
  ThreadCrew(int workers) {
    this.workers = workers;
    this.others =
        Executors.newFixedThreadPool(
            Math.max(1, workers - 1),
            Thread.ofPlatform().daemon().name("freshet-compute-", 0).factory());
    for (int i = 1; i < workers; i++) {
      others.execute(() -> ThreadPriority.lower(ThreadPriority.COMPUTE));
    }
  }

  @Override
  public int workers() {
    return workers;
  }

  @Override
  public void run(int count, Task task) {
    int helping = Math.min(workers, count) - 1;
    if (helping <= 0) {
      ALONE.run(count, task);
      return;
    }
    AtomicInteger next = new AtomicInteger();
    List<CompletableFuture<Void>> running = new ArrayList<>(helping);
    for (int worker = 1; worker <= helping; worker++) {
      int own = worker;
      running.add(CompletableFuture.runAsync(() -> work(own, count, task, next), others));
    }
    try {
      work(0, count, task, next);
    } finally {
      await(running);
    }
  }

  private static void work(int worker, int count, Task task, AtomicInteger next) {
    for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
      task.run(worker, i);
    }
  }

  /**
   * Waits for all, even if one fails or the thread is interrupted: they use the caller's memory.
   */
  private static void await(List<CompletableFuture<Void>> running) {
    try {
      CompletableFuture.allOf(running.toArray(CompletableFuture[]::new))
          .orTimeout(TASKS_DEADLINE.toMillis(), TimeUnit.MILLISECONDS)
          .join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof TimeoutException) {
        throw new IllegalStateException(
            "a parallel computation did not end within %d s".formatted(TASKS_DEADLINE.toSeconds()),
            e);
      }
      throw new IllegalStateException("a parallel computation failed: " + e.getCause(), e);
    }
  }

  /** Waits until the threads have ended: none has a task now, since {@link #run} waits for all. */
  @Override
  public void close() {
    others.shutdown();
    try {
      if (!others.awaitTermination(END_SECONDS, TimeUnit.SECONDS)) {
        throw new IllegalStateException(
            "the threads of a computation did not end within %d s".formatted(END_SECONDS));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
