package dev.freshet.trainer;

import dev.freshet.model.Torch;
import dev.freshet.trace.waits.Waits;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * The threads that compute a training step together. Worker 0 is the thread that calls {@link
 * #run}; the others are threads of this object, which start with the first call and inherit its
 * thread's priority. The owner closes it after the last call has returned.
 */
final class Workers implements AutoCloseable {
  /**
   * How long the others may still compute when worker 0 is done with a share of about their size.
   */
  private static final Duration DEADLINE = Duration.ofMinutes(10);

  /** How long idle threads may take to end. */
  private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(10);

  private final Parallelism parallelism;
  private final ExecutorService others;

  Workers(Parallelism parallelism) {
    this.parallelism = parallelism;
    this.others = Executors.newFixedThreadPool(Math.max(1, count() - 1), this::thread);
  }

  private Thread thread(Runnable work) {
    return Thread.ofPlatform()
        .name("freshet-trainer-worker")
        .unstarted(
            () -> {
              Torch.useThreads(parallelism.operationThreads());
              work.run();
            });
  }

  /** The number of workers. */
  int count() {
    return parallelism.workers();
  }

  /**
   * Runs {@code work} with the number of every worker, from 0, on that worker. Returns when all are
   * done, even if interrupted: they use memory that the caller may free. Throws the exception of
   * the first worker, by number, that failed.
   */
  void run(IntConsumer work) {
    List<CompletableFuture<Void>> running =
        IntStream.range(1, count())
            .mapToObj(worker -> CompletableFuture.runAsync(() -> work.accept(worker), others))
            .toList();
    Torch.useThreads(parallelism.operationThreads());
    try {
      work.accept(0);
    } finally {
      await(running);
    }
    running.forEach(Workers::requireSuccess);
  }

  private static void await(List<CompletableFuture<Void>> running) {
    try (Waits.Open _ = Waits.begin("trainer", "the other workers", "trainer", DEADLINE)) {
      CompletableFuture.allOf(running.toArray(CompletableFuture[]::new))
          .orTimeout(DEADLINE.toMillis(), TimeUnit.MILLISECONDS)
          .join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof TimeoutException) {
        throw new TrainerException("a worker of the trainer did not end within " + DEADLINE, e);
      }
    }
  }

  private static void requireSuccess(CompletableFuture<Void> ended) {
    try {
      ended.join();
    } catch (CompletionException e) {
      switch (e.getCause()) {
        case RuntimeException failure -> throw failure;
        case Error failure -> throw failure;
        case null, default -> throw e;
      }
    }
  }

  @Override
  public void close() {
    others.shutdown();
    try {
      boolean _ = others.awaitTermination(CLOSE_DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
