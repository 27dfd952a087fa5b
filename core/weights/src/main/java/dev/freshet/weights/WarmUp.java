package dev.freshet.weights;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs the code that populates and verifies a checkpoint, on memory of no checkpoint, until the JVM
 * has linked and compiled it. Interpreted, checksums take many times as long.
 */
final class WarmUp {
  private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** Pieces that are read, more than the JVM's compilers wait for. */
  private static final int PIECES = 4_000;

  /** Two of these are enough for a scan on all cores; the last piece is not a whole one. */
  private static final int TENSOR_BYTES = 20 * TensorReader.PIECE_BYTES + 6;

  private WarmUp() {}

  static void run() {
    try (Arena arena = Arena.ofShared()) {
      List<TensorView> tensors = List.of(tensor(arena), tensor(arena));
      PageAdvice.hugePages(tensors.getFirst().data());
      long rounds = (long) PIECES * TensorReader.PIECE_BYTES / (2 * TENSOR_BYTES);
      long start = System.nanoTime();
      for (int i = 0; i < rounds && System.nanoTime() - start < LIMIT_NANOS; i++) {
        TensorScan.each(tensors, () -> new TensorReader()::read);
      }
    }
  }

  private static TensorView tensor(Arena arena) {
    MemorySegment zeros = arena.allocate(TENSOR_BYTES, 4096);
    return new TensorView("zeros", DType.BF16, new long[] {TENSOR_BYTES / 2}, zeros);
  }
}
