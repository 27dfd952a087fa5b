package dev.freshet.lab.swap;

import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Memory of the size of a checkpoint's tensors, every page of which is resident, to copy
 * checkpoints of one shape into. It owns the memory.
 */
final class ResidentCopy implements AutoCloseable {
  /** What a core takes at a time. */
  private static final long PIECE_BYTES = 4 << 20;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory;

  /** One piece of a tensor, and where it goes. */
  private record Piece(MemorySegment source, long offset) {}

  /** Memory for tensors of {@code bytes} together; allocating it writes zeros to all of it. */
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

  /** Computes the CRC32C of every piece of every tensor where it lies, on all cores. */
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
