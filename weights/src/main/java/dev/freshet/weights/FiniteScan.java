package dev.freshet.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.OptionalLong;

/**
 * Finds NaN and infinity in floating-point data, eight bytes at a time. A value is not finite when
 * all bits of its exponent are set. Masking the exponents of the elements in one long and adding
 * one in each exponent's lowest place carries into the element's sign bit exactly then, and never
 * out of the element.
 */
final class FiniteScan {
  private static final ValueLayout.OfLong WORD =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int BLOCK_BYTES = 64 << 10;

  private final long exponents;
  private final long ones;
  private final long signs;

  private FiniteScan(long exponents, long ones, long signs) {
    this.exponents = exponents;
    this.ones = ones;
    this.signs = signs;
  }

  /** The index of the first element that is NaN or infinite; empty if all are finite. */
  static OptionalLong firstNonFinite(TensorView tensor) {
    return switch (tensor.dtype()) {
      case F64 -> new FiniteScan(0x7ff0L << 48, 0x10L << 48, 1L << 63).first(tensor);
      case F32 -> lanes(32, 0x7f800000L, 0x00800000L).first(tensor);
      case BF16 -> lanes(16, 0x7f80L, 0x0080L).first(tensor);
      case F16 -> lanes(16, 0x7c00L, 0x0400L).first(tensor);
      case I64, I32, I16, I8, U8, BOOL -> OptionalLong.empty();
    };
  }

  private static FiniteScan lanes(int bits, long exponent, long one) {
    long repeat = bits == 32 ? 0x0000_0001_0000_0001L : 0x0001_0001_0001_0001L;
    return new FiniteScan(exponent * repeat, one * repeat, (1L << (bits - 1)) * repeat);
  }

  private OptionalLong first(TensorView tensor) {
    MemorySegment data = tensor.data();
    for (long block = 0; block < data.byteSize(); block += BLOCK_BYTES) {
      int length = (int) Math.min(BLOCK_BYTES, data.byteSize() - block);
      if (anyIn(data, block, length)) {
        return OptionalLong.of(locate(data, block, length, tensor.dtype().bytes()));
      }
    }
    return OptionalLong.empty();
  }

  private boolean anyIn(MemorySegment data, long block, int length) {
    long carries = 0;
    int words = length & -Long.BYTES;
    for (int i = 0; i < words; i += Long.BYTES) {
      carries |= (data.get(WORD, block + i) & exponents) + ones;
    }
    if (words < length) {
      carries |= (partialWord(data, block + words, length - words) & exponents) + ones;
    }
    return (carries & signs) != 0;
  }

  private long locate(MemorySegment data, long block, int length, int elementBytes) {
    for (long offset = block; offset < block + length; offset += elementBytes) {
      if (((partialWord(data, offset, elementBytes) & exponents) + ones & signs) != 0) {
        return offset / elementBytes;
      }
    }
    throw new AssertionError("a block that holds no such element was searched");
  }

  /** Up to eight bytes, zeros above. */
  private static long partialWord(MemorySegment data, long offset, int bytes) {
    long word = 0;
    for (int i = 0; i < bytes; i++) {
      word |= (data.get(ValueLayout.JAVA_BYTE, offset + i) & 0xffL) << (8 * i);
    }
    return word;
  }
}
