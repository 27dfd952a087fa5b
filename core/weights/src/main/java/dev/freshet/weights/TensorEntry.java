package dev.freshet.weights;

import java.util.Arrays;
import java.util.List;

/**
 * The entry of one tensor in a manifest.
 *
 * @param shape the dimensions, outermost first
 * @param crc32c the CRC32C of the tensor's bytes in the file
 */
public record TensorEntry(DType dtype, List<Long> shape, int crc32c) {
  public TensorEntry {
    shape = List.copyOf(shape);
  }

  /** The entry of {@code tensor}, whose bytes have the given CRC32C. */
  static TensorEntry of(TensorSource tensor, int crc32c) {
    return new TensorEntry(tensor.dtype(), Arrays.stream(tensor.shape()).boxed().toList(), crc32c);
  }
}
