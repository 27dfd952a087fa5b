package dev.freshet.weights;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.zip.CRC32C;

/**
 * Reads whole tensors in one pass over memory. Each piece is copied into a buffer that stays in the
 * core's cache, where it is checksummed and searched for numbers that are not finite.
 *
 * <p>The copy makes a mapping safe to read. If a mapped file was shortened or its disk fails, the
 * kernel answers a read with SIGBUS. The JVM turns the signal into an {@link InternalError} if the
 * read is an access to a segment, such as the copy, but crashes inside the machine code of a
 * checksum.
 *
 * <p>Not thread-safe.
 */
final class TensorReader {
  /** A fraction of a core's second-level cache; a multiple of every element's size. */
  static final int PIECE_BYTES = 256 << 10;

  private final byte[] piece = new byte[PIECE_BYTES];
  private final MemorySegment buffer = MemorySegment.ofArray(piece);

  /**
   * The result of reading a tensor.
   *
   * @param firstNonFinite the index of the first element that is NaN or infinite, if there is one
   */
  record Contents(int crc32c, OptionalLong firstNonFinite) {}

  /**
   * Reads all of {@code tensor}.
   *
   * @throws InternalError if a page cannot be read; the JVM may throw it as late as in the next
   *     native call
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

  /**
   * Whether two tensors of one size have the same bytes.
   *
   * @throws InternalError as {@link #read}
   */
  boolean same(TensorView one, TensorView other) {
    byte[] second = new byte[PIECE_BYTES];
    for (long offset = 0; offset < one.data().byteSize(); offset += PIECE_BYTES) {
      int length = (int) Math.min(PIECE_BYTES, one.data().byteSize() - offset);
      MemorySegment.copy(one.data(), offset, buffer, 0, length);
      MemorySegment.copy(other.data(), offset, MemorySegment.ofArray(second), 0, length);
      if (!Arrays.equals(piece, 0, length, second, 0, length)) {
        return false;
      }
    }
    return true;
  }
}
