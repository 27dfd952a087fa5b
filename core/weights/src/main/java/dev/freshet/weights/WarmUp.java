package dev.freshet.weights;

import dev.freshet.trace.MonotonicClock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs the code that populates and verifies checkpoints on other memory until the JVM has linked
 * and compiled it. Interpreted, checksums take many times as long.
 */
final class WarmUp {
  static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** The number of pieces read; above the thresholds of the JVM's compilers. */
  private static final int PIECES = 4_000;

  /** Two tensors of this size are enough for a parallel scan; the last piece is a partial one. */
  private static final int TENSOR_BYTES = 20 * TensorReader.PIECE_BYTES + 6;

  private WarmUp() {}

  /** Reads until the code is compiled or {@link #LIMIT_NANOS} have passed on {@code clock}. */
  static void run(MonotonicClock clock) {
    try (Arena arena = Arena.ofShared()) {
      List<TensorView> tensors = List.of(tensor(arena), tensor(arena));
      PageAdvice.hugePages(tensors.getFirst().data());
      long rounds = (long) PIECES * TensorReader.PIECE_BYTES / (2 * TENSOR_BYTES);
      long start = clock.nanos();
      for (int i = 0; i < rounds && clock.nanos() - start < LIMIT_NANOS; i++) {
        TensorScan.each(tensors, () -> new TensorReader()::read);
      }
    }
  }

  private static TensorView tensor(Arena arena) {
    MemorySegment zeros = arena.allocate(TENSOR_BYTES, 4096);
    return new TensorView("zeros", DType.BF16, new long[] {TENSOR_BYTES / 2}, zeros);
  }
}
