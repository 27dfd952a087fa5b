package dev.freshet.lab.swap;

import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Resident memory of the size of a checkpoint's tensors, as a target for copies of checkpoints of
 * one shape. Owns the memory.
 */
final class ResidentCopy implements AutoCloseable {
  /** The unit of work of a core. */
  private static final long PIECE_BYTES = 4 << 20;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory;

  /** One piece of a tensor and its offset in the memory. */
  private record Piece(MemorySegment source, long offset) {}

  /** Allocates {@code bytes}; the allocation writes zeros, which makes every page resident. */
  @SuppressWarnings("MustBeClosedChecker") // close() closes the arena.
  ResidentCopy(long bytes) {
    this.memory = arena.allocate(bytes, 64);
  }

  /** Copies every tensor, on all cores. */
  void take(Checkpoint checkpoint) {
    pieces(checkpoint).parallelStream()
        .forEach(
            piece ->
                MemorySegment.copy(
                    piece.source(), 0, memory, piece.offset(), piece.source().byteSize()));
  }

  /** Computes the CRC32C of every piece of every tensor in place, on all cores. */
  static void checksum(Checkpoint checkpoint) {
    pieces(checkpoint).parallelStream()
        .forEach(piece -> new CRC32C().update(piece.source().asByteBuffer()));
  }

  private static List<Piece> pieces(Checkpoint checkpoint) {
    List<Piece> pieces = new ArrayList<>();
    long begin = 0;
    for (TensorView tensor : checkpoint.tensors().values()) {
      long size = tensor.data().byteSize();
      for (long at = 0; at < size; at += PIECE_BYTES) {
        pieces.add(
            new Piece(tensor.data().asSlice(at, Math.min(PIECE_BYTES, size - at)), begin + at));
      }
      begin += size;
    }
    return pieces;
  }

  @Override
  public void close() {
    arena.close();
  }
}
