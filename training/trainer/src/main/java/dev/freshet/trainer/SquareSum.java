package dev.freshet.trainer;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * The sum of the squares of many numbers. libtorch's 32-bit norm adds them up in a few lanes and is
 * off by up to 1 % for a hundred million; here pieces are added pairwise, and their sums in 64
 * bits.
 */
final class SquareSum {
  /** The elements of a piece, whose squares take 4 MiB. */
  private static final long PIECE = 1 << 20;

  private SquareSum() {}

  /**
   * The sum of the squares of a tensor.
   *
   * @param values {@code [n]}, of 32-bit floats
   */
  static double of(Tensor values) {
    double sum = 0;
    for (long from = 0; from < values.numel(); from += PIECE) {
      try (PointerScope _ = new PointerScope()) {
        Tensor piece = values.narrow(0, from, Math.min(PIECE, values.numel() - from));
        sum += piece.square().sum().item_double();
      }
    }
    return sum;
  }
}
