package dev.freshet.model;

import static dev.freshet.model.FloatFormat.FLOATS;
import static dev.freshet.model.FloatFormat.LANES;

import java.util.function.Consumer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.bytedeco.pytorch.Tensor;

/**
 * The softmax of rows of logits, of which only a few numbers are wanted: the most likely token, a
 * drawn one, and their logprobs. It reads the logits twice, in the type in which the head computed
 * them, and writes nothing but the sums of blocks. libtorch writes all logprobs, in 32-bit floats,
 * and then all probabilities. A row's results depend on that row alone.
 *
 * <p>Rows are shared by the threads of a crew. An object belongs to one thread at a time.
 */
public final class VocabularyScores {
  /** Tokens that have a sum of their own. */
  private static final int BLOCK = 256;

  private final ComputeCrew crew;

  /** The scores of rows, one for each worker of the crew. */
  private final Row[] rows;

  public VocabularyScores(ComputeCrew crew) {
    this.crew = crew;
    this.rows = new Row[crew.workers()];
  }

  /**
   * Scores some rows, several at the same time.
   *
   * @param logits {@code [rows, vocabSize]}, the numbers of a row side by side
   * @param wanted the rows to score
   * @param scored receives every row, on any thread of the crew; the object is reused afterwards
   */
  public void score(Tensor logits, int[] wanted, Consumer<Row> scored) {
    FloatFormat format = FloatFormat.of(logits.scalar_type().intern());
    int vocab = Math.toIntExact(logits.size(1));
    long base = logits.data_ptr().address();
    long rowBytes = logits.stride(0) * logits.element_size();
    for (int worker = 0; worker < rows.length; worker++) {
      rows[worker] = new Row(format, vocab);
    }
    crew.run(
        wanted.length,
        (worker, task) -> {
          rows[worker].scan(wanted[task], base + wanted[task] * rowBytes);
          scored.accept(rows[worker]);
        });
  }

  /** The scores of one row. */
  public static final class Row {
    private final FloatFormat format;
    private final int vocab;
    private final float[] maxima;
    private final float[] sums;

    /** The exponentials of one block. */
    private final float[] block = new float[BLOCK];

    private int row;
    private long address;
    private float max;
    private double total;

    private Row(FloatFormat format, int vocab) {
      this.format = format;
      this.vocab = vocab;
      this.maxima = new float[(vocab + BLOCK - 1) / BLOCK];
      this.sums = new float[maxima.length];
    }

    /** Its number in the tensor. */
    public int row() {
      return row;
    }

    /** The most likely token, the first of equal ones. */
    public int mostLikely() {
      int first = 0;
      while (first < maxima.length - 1 && maxima[first] != max) {
        first++;
      }
      int end = Math.min(vocab, (first + 1) * BLOCK);
      for (int token = first * BLOCK; token < end; token++) {
        if (logit(token) == max) {
          return token;
        }
      }
      return 0;
    }

    /** The logprob of a token; NaN if a logit is NaN. */
    public float logprob(int token) {
      return (float) (logit(token) - max - Math.log(total));
    }

    /**
     * The token at which the sum of the probabilities passes {@code uniform}, from 0 to 1; 0 if no
     * token has a probability.
     */
    public int draw(double uniform) {
      double left = uniform * total;
      int chosen = 0;
      for (int i = 0; i < sums.length; i++) {
        if (sums[i] > 0) {
          chosen = i;
          if (left < sums[i]) {
            break;
          }
          left -= sums[i];
        }
      }
      int count = exponentials(chosen);
      int token = 0;
      for (int i = 0; i < count; i++) {
        if (block[i] > 0) {
          token = i;
          left -= block[i];
          if (left < 0) {
            break;
          }
        }
      }
      return chosen * BLOCK + token;
    }

    private float logit(int token) {
      return format.get(address + (long) token * format.size());
    }

    private void scan(int number, long from) {
      row = number;
      address = from;
      max = Float.NEGATIVE_INFINITY;
      for (int i = 0; i < maxima.length; i++) {
        maxima[i] = maximum(i);
        max = Math.max(max, maxima[i]);
      }
      total = 0;
      for (int i = 0; i < sums.length; i++) {
        sums[i] = sum(i);
        total += sums[i];
      }
    }

    private float maximum(int number) {
      int first = number * BLOCK;
      int end = Math.min(vocab, first + BLOCK);
      int whole = end - (end - first) % LANES;
      long size = format.size();
      FloatVector most = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
      for (int i = first; i < whole; i += LANES) {
        most = most.max(format.load(address + i * size));
      }
      float result = most.reduceLanes(VectorOperators.MAX);
      for (int i = whole; i < end; i++) {
        result = Math.max(result, format.get(address + i * size));
      }
      return result;
    }

    private float sum(int number) {
      int first = number * BLOCK;
      int end = Math.min(vocab, first + BLOCK);
      int whole = end - (end - first) % LANES;
      long size = format.size();
      FloatVector sum = FloatVector.zero(FLOATS);
      for (int i = first; i < whole; i += LANES) {
        sum = sum.add(VectorMath.exp(format.load(address + i * size).sub(max)));
      }
      float result = VectorMath.sum(sum);
      for (int i = whole; i < end; i++) {
        result += exponential(i);
      }
      return result;
    }

    /** Computes the exponentials of a block's tokens; returns how many it has. */
    private int exponentials(int number) {
      int first = number * BLOCK;
      int count = Math.min(vocab - first, BLOCK);
      int whole = count - count % LANES;
      long size = format.size();
      for (int i = 0; i < whole; i += LANES) {
        VectorMath.exp(format.load(address + (first + i) * size).sub(max)).intoArray(block, i);
      }
      for (int i = whole; i < count; i++) {
        block[i] = exponential(first + i);
      }
      return count;
    }

    /** As a lane of a vector has it, so that a vocabulary that fits no vector has no exception. */
    private float exponential(int token) {
      return VectorMath.exp(FloatVector.broadcast(FLOATS, logit(token) - max)).lane(0);
    }
  }
}
