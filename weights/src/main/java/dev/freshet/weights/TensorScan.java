package dev.freshet.weights;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/**
 * Reads every byte of many tensors on all cores, a tensor a task. When a scan returns or throws, no
 * thread of it reads any more, so that the mapping may be closed.
 */
final class TensorScan {
  /** Below this a second thread costs more than it saves. */
  private static final long SERIAL_BYTES = 8 << 20;

  private TensorScan() {}

  /**
   * Runs {@code check} on each tensor, the largest first, and throws what it threw for the first of
   * those that failed.
   *
   * @throws CheckpointException if this thread is interrupted; it stays so
   */
  static void each(Collection<TensorView> tensors, Consumer<TensorView> check) {
    long bytes = tensors.stream().mapToLong(t -> t.data().byteSize()).sum();
    int threads = Math.min(Runtime.getRuntime().availableProcessors(), tensors.size());
    if (bytes < SERIAL_BYTES || threads < 2) {
      tensors.forEach(check);
      return;
    }
    List<TensorView> largestFirst = new ArrayList<>(tensors);
    largestFirst.sort(Comparator.comparingLong((TensorView t) -> t.data().byteSize()).reversed());
    try (ExecutorService scanners =
        Executors.newFixedThreadPool(
            threads, Thread.ofPlatform().name("weights-scan-", 0).daemon().factory())) {
      List<Future<?>> running = new ArrayList<>(largestFirst.size());
      for (TensorView tensor : largestFirst) {
        running.add(scanners.submit(() -> check.accept(tensor)));
      }
      try {
        for (Future<?> task : running) {
          task.get();
        }
      } catch (ExecutionException e) {
        if (e.getCause() instanceof CheckpointException refused) {
          throw refused;
        }
        throw new CheckpointException("reading tensors failed: " + e.getCause(), e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new CheckpointException("interrupted while reading tensors", e);
      } finally {
        scanners.shutdownNow();
      }
    }
  }
}
