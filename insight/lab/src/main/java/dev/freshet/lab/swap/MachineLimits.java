package dev.freshet.lab.swap;

import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.CheckpointStore;
import java.nio.file.Path;
import java.util.function.DoubleSupplier;
import java.util.stream.DoubleStream;

/**
 * Lower bounds of this machine for the parts of a weight update: the best of {@value #ATTEMPTS}
 * attempts on all cores of an otherwise idle machine, in milliseconds.
 *
 * @param memcpyMs copying all tensors, mapped and faulted in, into resident memory
 * @param faultMs mapping a checkpoint that is in the page cache and faulting in every page
 * @param checksumMs the CRC32C of all tensors, mapped and faulted in
 */
public record MachineLimits(double memcpyMs, double faultMs, double checksumMs) {
  private static final int ATTEMPTS = 7;

  /** Measures with a published checkpoint. */
  static MachineLimits measure(Path dir) {
    try (Checkpoint checkpoint = CheckpointStore.openPublished(dir);
        ResidentCopy copy = new ResidentCopy(checkpoint.bytes())) {
      checkpoint.populate();
      return new MachineLimits(
          best(() -> millis(() -> copy.take(checkpoint))),
          best(() -> faultMs(dir)),
          best(() -> millis(() -> ResidentCopy.checksum(checkpoint))));
    }
  }

  private static double faultMs(Path dir) {
    long start = System.nanoTime();
    try (Checkpoint checkpoint = CheckpointStore.openPublished(dir)) {
      checkpoint.populate();
      return (System.nanoTime() - start) / 1e6;
    }
  }

  private static double millis(Runnable work) {
    long start = System.nanoTime();
    work.run();
    return (System.nanoTime() - start) / 1e6;
  }

  private static double best(DoubleSupplier attempt) {
    return DoubleStream.generate(attempt).limit(ATTEMPTS).min().orElseThrow();
  }
}
