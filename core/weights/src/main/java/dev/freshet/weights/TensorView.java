package dev.freshet.weights;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * A named tensor over memory with another owner: row-major, little endian, read-only. The memory
 * must outlive the view; a view of a {@link Checkpoint} must not be read after the checkpoint is
 * closed. Code must not rely on the alignment of the data.
 *
 * @param shape the dimensions, outermost first; empty for a scalar
 * @param data exactly {@code elements() * dtype().bytes()} bytes
 */
public record TensorView(String name, DType dtype, long[] shape, MemorySegment data)
    implements TensorSource {
  public TensorView {
    shape = shape.clone();
    data = data.asReadOnly();
    long expected = byteSize(dtype, shape);
    if (data.byteSize() != expected) {
      throw new IllegalArgumentException(
          "tensor '%s': %d bytes of data, expected %d for %s %s"
              .formatted(
                  name, data.byteSize(), expected, dtype.wireName(), Arrays.toString(shape)));
    }
  }

  /** The dimensions, outermost first; the caller's own copy. */
  @Override
  public long[] shape() {
    return shape.clone();
  }

  @Override
  public <E extends Exception> void forEachPiece(Sink<E> sink) throws E {
    SegmentChunks.forEach(data, sink);
  }

  /** The number of elements. */
  public long elements() {
    return data.byteSize() / dtype.bytes();
  }

  /** {@code name F32 [2, 3]}. */
  @Override
  public String toString() {
    return "%s %s %s".formatted(name, dtype.wireName(), Arrays.toString(shape));
  }

  /**
   * The size in bytes of a tensor with this type and shape.
   *
   * @throws IllegalArgumentException if a dimension is negative
   * @throws ArithmeticException if the product is not a long
   */
  static long byteSize(DType dtype, long[] shape) {
    long bytes = dtype.bytes();
    for (long dimension : shape) {
      if (dimension < 0) {
        throw new IllegalArgumentException("negative dimension in " + Arrays.toString(shape));
      }
      bytes = Math.multiplyExact(bytes, dimension);
    }
    return bytes;
  }
}
