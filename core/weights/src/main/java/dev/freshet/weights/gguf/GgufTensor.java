package dev.freshet.weights.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A tensor of a mapped GGUF file. It must not be read after the file is closed.
 *
 * @param shape the dimensions, outermost first, which is the reverse of their order in the file
 * @param data exactly the blocks of all elements
 */
public record GgufTensor(String name, GgmlType type, long[] shape, MemorySegment data) {
  public GgufTensor {
    shape = shape.clone();
  }

  /** The dimensions, outermost first; the caller's own copy. */
  @Override
  public long[] shape() {
    return shape.clone();
  }

  /**
   * Reads the elements from {@code first} on as 32-bit floats, as many as {@code into} has. Both
   * numbers are multiples of the type's block.
   *
   * @throws InternalError if a page of the mapping cannot be read
   */
  public void read(long first, float[] into) {
    int block = type.blockElements();
    if (first % block != 0 || into.length % block != 0) {
      throw new IllegalArgumentException(
          "tensor '%s': %d elements from %d, expected multiples of %d"
              .formatted(name, into.length, first, block));
    }
    byte[] raw = new byte[Math.multiplyExact(into.length / block, type.blockBytes())];
    MemorySegment.copy(
        data, ValueLayout.JAVA_BYTE, first / block * type.blockBytes(), raw, 0, raw.length);
    ByteBuffer blocks = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < into.length; i += block) {
      switch (type) {
        case F32 -> into[i] = blocks.getFloat();
        case F16 -> into[i] = Float.float16ToFloat(blocks.getShort());
        case BF16 -> into[i] = Float.intBitsToFloat(blocks.getShort() << 16);
        case Q8_0 -> eightBits(blocks, into, i);
        case Q4_0 -> {
          float scale = Float.float16ToFloat(blocks.getShort());
          fourBits(blocks, into, i, scale, -8, 0);
        }
        case Q4_1 -> {
          float scale = Float.float16ToFloat(blocks.getShort());
          float minimum = Float.float16ToFloat(blocks.getShort());
          fourBits(blocks, into, i, scale, 0, minimum);
        }
      }
    }
  }

  private static void eightBits(ByteBuffer blocks, float[] into, int at) {
    float scale = Float.float16ToFloat(blocks.getShort());
    for (int j = 0; j < GgmlType.Q8_0.blockElements(); j++) {
      into[at + j] = scale * blocks.get();
    }
  }

  /** A byte has an element of the block's first half in its low bits, one of the second above. */
  private static void fourBits(
      ByteBuffer blocks, float[] into, int at, float scale, int offset, float minimum) {
    int half = GgmlType.Q4_0.blockElements() / 2;
    for (int j = 0; j < half; j++) {
      int pair = blocks.get();
      into[at + j] = scale * ((pair & 0xf) + offset) + minimum;
      into[at + half + j] = scale * ((pair >>> 4 & 0xf) + offset) + minimum;
    }
  }

  /** {@code name Q4_1 [2, 32]}. */
  @Override
  public String toString() {
    return "%s %s %s".formatted(name, type, Arrays.toString(shape));
  }
}
