package dev.freshet.lab.swap;

import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.CheckpointStore;
import java.nio.file.Path;
import java.util.function.DoubleSupplier;
import java.util.stream.DoubleStream;

/**
 * What this machine needs at least for the parts of a weight update, with nothing else to do: the
 * best of a few attempts on all cores, in milliseconds.
 *
 * @param memcpyMs copying all tensors, mapped and faulted in, into memory that is resident
 * @param faultMs mapping a checkpoint that is in the page cache and faulting all of it in
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
          best(() -> took(() -> copy.take(checkpoint))),
          best(() -> faultMs(dir)),
          best(() -> took(() -> ResidentCopy.checksum(checkpoint))));
    }
  }

  private static double faultMs(Path dir) {
    long start = System.nanoTime();
    try (Checkpoint checkpoint = CheckpointStore.openPublished(dir)) {
      checkpoint.populate();
      return (System.nanoTime() - start) / 1e6;
    }
  }

  private static double took(Runnable work) {
    long start = System.nanoTime();
    work.run();
    return (System.nanoTime() - start) / 1e6;
  }

  private static double best(DoubleSupplier attempt) {
    return DoubleStream.generate(attempt).limit(ATTEMPTS).min().orElseThrow();
  }
}
