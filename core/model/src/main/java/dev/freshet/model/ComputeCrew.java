package dev.freshet.model;

import dev.freshet.trace.ThreadPriority;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Threads that share the tasks of one computation with the thread that asks for it. The owner
 * closes it, which ends the threads.
 */
final class ComputeCrew implements AutoCloseable {
  private static final Duration TASKS_DEADLINE = Duration.ofMinutes(10);

  /** A task on one of the crew's threads. */
  @FunctionalInterface
  interface Task {
    /**
     * Carries out task {@code task}.
     *
     * @param worker from 0 to {@link ComputeCrew#workers} − 1; two tasks of one worker never
     *     overlap
     */
    void run(int worker, int task);
  }

  private final int workers;
  private final ExecutorService others;

  /**
   * @param workers threads that compute, the asking one included
   */
  ComputeCrew(int workers) {
    this.workers = workers;
    this.others =
        Executors.newFixedThreadPool(
            Math.max(1, workers - 1),
            Thread.ofPlatform().daemon().name("freshet-attention-", 0).factory());
    for (int i = 1; i < workers; i++) {
      others.execute(() -> ThreadPriority.lower(ThreadPriority.COMPUTE));
    }
  }

  int workers() {
    return workers;
  }

  /** Carries out tasks 0 to {@code count} − 1 and returns when all are done. */
  void run(int count, Task task) {
    int helping = Math.min(workers, count) - 1;
    if (helping <= 0) {
      for (int i = 0; i < count; i++) {
        task.run(0, i);
      }
      return;
    }
    AtomicInteger next = new AtomicInteger();
    List<Future<?>> running = new ArrayList<>(helping);
    for (int worker = 1; worker <= helping; worker++) {
      int own = worker;
      running.add(others.submit(() -> work(own, count, task, next)));
    }
    try {
      work(0, count, task, next);
    } finally {
      running.forEach(ComputeCrew::await);
    }
  }

  private static void work(int worker, int count, Task task, AtomicInteger next) {
    for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
      task.run(worker, i);
    }
  }

  private static void await(Future<?> future) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          future.get(TASKS_DEADLINE.toNanos(), TimeUnit.NANOSECONDS);
          return;
        } catch (InterruptedException e) {
          // The tasks write memory that the caller frees: they must end first.
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException("attention failed: " + e.getCause(), e);
    } catch (TimeoutException e) {
      throw new IllegalStateException(
          "attention did not end within %d s".formatted(TASKS_DEADLINE.toSeconds()), e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void close() {
    others.shutdown();
  }
}
