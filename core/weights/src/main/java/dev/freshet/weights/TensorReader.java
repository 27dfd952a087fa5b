package dev.freshet.weights;

import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;
import java.util.zip.CRC32C;

/**
 * Reads tensors to their last byte, one after another, in one pass over memory: each piece is
 * copied into a buffer that stays in the core's own cache, where the checksum and the search for
 * numbers that are not finite find it.
 *
 * <p>The copy is what makes a mapping safe to read. Where a mapped file has lost its end, or its
 * disk fails, the kernel answers a read with SIGBUS. The JVM turns that into an {@link
 * InternalError} if it comes of a read of a segment, such as the copy, but dies of it inside the
 * machine code of a checksum.
 *
 * <p>For one thread.
 */
final class TensorReader {
  /** A fraction of a core's second-level cache; a multiple of every element's size. */
  static final int PIECE_BYTES = 256 << 10;

  private final byte[] piece = new byte[PIECE_BYTES];
  private final MemorySegment buffer = MemorySegment.ofArray(piece);

  /**
   * What was found in a tensor.
   *
   * @param firstNonFinite the index of the first element that is NaN or infinite, if there is one
   */
  record Contents(int crc32c, OptionalLong firstNonFinite) {}

  /**
   * Reads all of {@code tensor}.
   *
   * @throws InternalError soon, perhaps only in the next native call, if a page cannot be read
   */
  Contents read(TensorView tensor) {
    MemorySegment data = tensor.data();
    FiniteScan scan = FiniteScan.of(tensor.dtype());
    CRC32C crc = new CRC32C();
    OptionalLong nonFinite = OptionalLong.empty();
    for (long offset = 0; offset < data.byteSize(); offset += PIECE_BYTES) {
      int length = (int) Math.min(PIECE_BYTES, data.byteSize() - offset);
      MemorySegment.copy(data, offset, buffer, 0, length);
      crc.update(piece, 0, length);
      if (nonFinite.isEmpty()) {
        OptionalLong found = scan.first(buffer, length);
        if (found.isPresent()) {
          nonFinite = OptionalLong.of(offset / tensor.dtype().bytes() + found.getAsLong());
        }
      }
    }
    return new Contents((int) crc.getValue(), nonFinite);
  }
}
