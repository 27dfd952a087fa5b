package dev.freshet.server;

import dev.freshet.http.ApiError;
import dev.freshet.http.ApiException;
import dev.freshet.http.ByteBudget;
import dev.freshet.trace.ThreadPriority;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Work on requests that would hold an event loop up: a few threads, and a queue that is bounded in
 * tasks and in the bytes that the tasks hold. The threads run at the priority of computing threads.
 * Thread-safe.
 */
final class BoundedWork implements AutoCloseable {
  private static final int MAX_TASKS = 4096;

  private final String what;
  private final ByteBudget budget;
  private final ThreadPoolExecutor threads;

  /**
   * @param what what the tasks do, for messages and names of threads
   * @param maxBytes the most bytes of tasks that wait or run
   */
  BoundedWork(String what, int threads, long maxBytes) {
    this.what = what;
    this.budget = new ByteBudget(maxBytes);
    ThreadFactory factory = new DefaultThreadFactory("freshet-" + what, true);
    this.threads =
        new ThreadPoolExecutor(
            threads,
            threads,
            0,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(MAX_TASKS),
            run ->
                factory.newThread(
                    () -> {
                      ThreadPriority.lower(ThreadPriority.COMPUTE);
                      run.run();
                    }));
  }

  /**
   * Queues a task. Its place and its bytes are free once it has returned or thrown.
   *
   * @param held the bytes that it holds
   * @throws ApiException 503 if the queue is full or closed
   */
  void execute(long held, Runnable task) {
    if (!budget.reserve(held)) {
      throw full();
    }
    try {
      threads.execute(
          () -> {
            try {
              task.run();
            } finally {
              budget.release(held);
            }
          });
    } catch (RejectedExecutionException e) {
      budget.release(held);
      throw threads.isShutdown() ? new ApiException(ApiError.shuttingDown()) : full();
    }
  }

  private ApiException full() {
    return new ApiException(
        ApiError.unavailable(
            "overloaded",
            "%s: %d requests with %d bytes wait already, at most %d with %d may; retry later"
                .formatted(
                    what, threads.getQueue().size(), budget.held(), MAX_TASKS, budget.max())));
  }

  /** Refuses further tasks; those that wait still run. */
  @Override
  public void close() {
    threads.shutdown();
  }
}
