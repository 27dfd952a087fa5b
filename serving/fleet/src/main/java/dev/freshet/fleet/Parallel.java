package dev.freshet.fleet;

import dev.freshet.wire.OneLine;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does the same work for several replicas at once, each on its own platform thread: a virtual
 * thread would share its carrier with rollouts. Owns the threads.
 */
final class Parallel implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Parallel.class);
  private static final long CLOSE_MILLIS = 5000;

  private final ExecutorService threads =
      Executors.newCachedThreadPool(
          Thread.ofPlatform().name("freshet-update-", 0).daemon().factory());

  /**
   * Waits for all of the work, which bounds itself. An interrupt of the caller interrupts the work.
   */
  <T> void forEach(List<T> items, Consumer<T> work) throws InterruptedException {
    List<Future<?>> running = new ArrayList<>();
    for (T item : items) {
      running.add(threads.submit(() -> work.accept(item)));
    }
    try {
      for (Future<?> one : running) {
        one.get();
      }
    } catch (ExecutionException e) {
      throw new FleetException(
          "weight update: " + OneLine.of(Objects.requireNonNull(e.getCause())), e);
    } finally {
      running.forEach(one -> one.cancel(true));
    }
  }

  /** Begins work of its own; false once closed. */
  boolean begin(Runnable work) {
    try {
      threads.execute(work);
      return true;
    } catch (RejectedExecutionException e) {
      return false;
    }
  }

  /** Interrupts what still runs and waits a few seconds for its threads. */
  @Override
  public void close() {
    threads.shutdownNow();
    try {
      if (!threads.awaitTermination(CLOSE_MILLIS, TimeUnit.MILLISECONDS)) {
        LOG.warn("weight updates were interrupted and still run after {} ms", CLOSE_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
