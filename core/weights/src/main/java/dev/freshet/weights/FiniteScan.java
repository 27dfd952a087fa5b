package dev.freshet.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.OptionalLong;

/**
 * Finds NaN and infinity in floating-point data, eight bytes at a time. A value is not finite if
 * all bits of its exponent are set. The scan masks the exponents of the elements in one long and
 * adds one at each exponent's lowest bit: exactly if all bits are set, this carries into the
 * element's sign bit, and never out of the element.
 */
final class FiniteScan {
  private static final ValueLayout.OfLong WORD =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int BLOCK_BYTES = 64 << 10;

  private final int elementBytes;
  private final long exponents;
  private final long ones;
  private final long signs;

  private FiniteScan(int elementBytes, long exponents, long ones, long signs) {
    this.elementBytes = elementBytes;
    this.exponents = exponents;
    this.ones = ones;
    this.signs = signs;
  }

  /** The scan for a type; the scan for an integer type finds nothing. */
  static FiniteScan of(DType dtype) {
    return switch (dtype) {
      case F64 -> new FiniteScan(8, 0x7ff0L << 48, 0x10L << 48, 1L << 63);
      case F32 -> packed(4, 0x7f800000L, 0x00800000L);
      case BF16 -> packed(2, 0x7f80L, 0x0080L);
      case F16 -> packed(2, 0x7c00L, 0x0400L);
      case F8_E5M2 -> packed(1, 0x7cL, 0x04L);
      // It has no infinity, and is NaN if all bits but the sign are set.
      case F8_E4M3 -> packed(1, 0x7fL, 0x01L);
      // A power of two without a sign, for scales.
      case F8_E8M0, I64, I32, I16, I8, U64, U32, U16, U8, BOOL ->
          new FiniteScan(dtype.bytes(), 0, 0, 0);
    };
  }

  private static FiniteScan packed(int bytes, long exponent, long one) {
    long repeat =
        switch (bytes) {
          case 4 -> 0x0000_0001_0000_0001L;
          case 2 -> 0x0001_0001_0001_0001L;
          default -> 0x0101_0101_0101_0101L;
        };
    long sign = 1L << (8 * bytes - 1);
    return new FiniteScan(bytes, exponent * repeat, one * repeat, sign * repeat);
  }

  /**
   * The index of the first element that is NaN or infinite in the first {@code bytes} of {@code
   * data}; empty if all are finite.
   */
  OptionalLong first(MemorySegment data, int bytes) {
    if (signs == 0) {
      return OptionalLong.empty();
    }
    for (int block = 0; block < bytes; block += BLOCK_BYTES) {
      int length = Math.min(BLOCK_BYTES, bytes - block);
      if (anyIn(data, block, length)) {
        return OptionalLong.of(locate(data, block, length));
      }
    }
    return OptionalLong.empty();
  }

  private boolean anyIn(MemorySegment data, int block, int length) {
    long carries = 0;
    int words = length & -Long.BYTES;
    for (int i = 0; i < words; i += Long.BYTES) {
      carries |= (data.get(WORD, (long) block + i) & exponents) + ones;
    }
    if (words < length) {
      carries |= (partialWord(data, block + words, length - words) & exponents) + ones;
    }
    return (carries & signs) != 0;
  }

  private long locate(MemorySegment data, int block, int length) {
    for (int offset = block; offset < block + length; offset += elementBytes) {
      if (((partialWord(data, offset, elementBytes) & exponents) + ones & signs) != 0) {
        return offset / elementBytes;
      }
    }
    throw new AssertionError("the block has no element that is NaN or infinite");
  }

  /** Up to eight bytes as a little-endian word, zero-extended. */
  private static long partialWord(MemorySegment data, int offset, int bytes) {
    long word = 0;
    for (int i = 0; i < bytes; i++) {
      word |= (data.get(ValueLayout.JAVA_BYTE, offset + i) & 0xffL) << (8 * i);
    }
    return word;
  }
}
