package dev.freshet.engine;

import dev.freshet.model.Torch;
import java.nio.FloatBuffer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * Draws from whole rows of probabilities by inversion with one uniform number: the token at which
 * their sum passes its share of the mass. Sums of blocks come from libtorch, so a draw reads the
 * tokens of one block only. A row's draw depends on that row alone. Valid while the tensor lives.
 */
final class Inversion {
  private static final int BLOCK = 256;

  private final FloatBuffer probabilities;
  private final int vocab;
  private final int blocks;
  private final FloatBuffer sums;

  /**
   * @param probabilities {@code [rows, vocabSize]}, contiguous 32-bit floats
   */
  Inversion(Tensor probabilities) {
    this.probabilities = Torch.floatView(probabilities);
    this.vocab = Math.toIntExact(probabilities.size(1));
    this.blocks = (vocab + BLOCK - 1) / BLOCK;
    this.sums = Torch.floatView(blockSums(probabilities, blocks));
  }

  /** {@code [rows, blocks]}; the last block may be shorter than the others. */
  private static Tensor blockSums(Tensor probabilities, int blocks) {
    long rows = probabilities.size(0);
    long vocab = probabilities.size(1);
    long whole = vocab / BLOCK;
    Tensor sums = probabilities.narrow(1, 0, whole * BLOCK).reshape(rows, whole, BLOCK).sum(-1);
    if (whole == blocks) {
      return sums.contiguous();
    }
    Tensor rest = probabilities.narrow(1, whole * BLOCK, vocab - whole * BLOCK).sum(-1);
    return torch.hstack(new TensorVector(sums, rest.reshape(rows, 1)));
  }

  /** The token of a row at {@code uniform} of its mass; 0 if no token has a probability. */
  int draw(int row, double uniform) {
    int firstSum = row * blocks;
    double total = 0;
    for (int block = 0; block < blocks; block++) {
      total += sums.get(firstSum + block);
    }
    double left = uniform * total;
    int chosen = 0;
    for (int block = 0; block < blocks; block++) {
      float sum = sums.get(firstSum + block);
      if (sum > 0) {
        chosen = block;
        if (left < sum) {
          break;
        }
        left -= sum;
      }
    }
    return draw(row * vocab, chosen * BLOCK, left);
  }

  private int draw(int offset, int first, double mass) {
    int end = Math.min(first + BLOCK, vocab);
    double left = mass;
    int chosen = 0;
    for (int token = first; token < end; token++) {
      float probability = probabilities.get(offset + token);
      if (probability > 0) {
        chosen = token;
        left -= probability;
        if (left < 0) {
          break;
        }
      }
    }
    return chosen;
  }
}
