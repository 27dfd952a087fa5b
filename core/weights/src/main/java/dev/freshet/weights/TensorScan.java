package dev.freshet.weights;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Passes tensors to readers on all cores, one tensor at a time each. When a scan returns or throws,
 * all of its threads have stopped reading, so the mapping may be closed. Its threads inherit the
 * niceness of the calling thread.
 */
final class TensorScan {
  /** Below this size a second thread costs more than it saves. */
  private static final long SERIAL_BYTES = 8 << 20;

  private TensorScan() {}

  /**
   * Passes every tensor to a reader, the largest first. If a reader throws, the scan ends with that
   * exception.
   *
   * @param reader makes the reader of one thread
   * @throws CheckpointException if this thread is interrupted; its interrupt flag stays set
   */
  static void each(Collection<TensorView> tensors, Supplier<Consumer<TensorView>> reader) {
    long bytes = tensors.stream().mapToLong(t -> t.data().byteSize()).sum();
    int threads = Math.min(Runtime.getRuntime().availableProcessors(), tensors.size());
    if (bytes < SERIAL_BYTES || threads < 2) {
      tensors.forEach(reader.get());
      return;
    }
    List<TensorView> largestFirst = new ArrayList<>(tensors);
    largestFirst.sort(Comparator.comparingLong((TensorView t) -> t.data().byteSize()).reversed());
    ConcurrentLinkedQueue<TensorView> left = new ConcurrentLinkedQueue<>(largestFirst);
    try (ExecutorService scanners =
        Executors.newFixedThreadPool(
            threads, Thread.ofPlatform().name("weights-scan-", 0).daemon().factory())) {
      List<Future<?>> running = new ArrayList<>(threads);
      for (int i = 0; i < threads; i++) {
        running.add(scanners.submit(() -> drain(left, reader.get())));
      }
      try {
        for (Future<?> task : running) {
          task.get();
        }
      } catch (ExecutionException e) {
        if (e.getCause() instanceof CheckpointException refused) {
          throw refused;
        }
        throw new CheckpointException("cannot read tensors: " + e.getCause(), e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new CheckpointException("interrupted while reading tensors", e);
      } finally {
        left.clear();
      }
    }
  }

  private static void drain(ConcurrentLinkedQueue<TensorView> left, Consumer<TensorView> reader) {
    try {
      for (TensorView tensor = left.poll(); tensor != null; tensor = left.poll()) {
        reader.accept(tensor);
      }
    } finally {
      left.clear(); // After a failure the other threads stop too.
    }
  }
}
