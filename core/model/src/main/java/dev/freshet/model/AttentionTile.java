package dev.freshet.model;

import static dev.freshet.model.FloatFormat.FLOATS;
import static dev.freshet.model.FloatFormat.LANES;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The attention of four query rows that share a key-value head, over the blocks of one sequence:
 * scores, softmax and weighted sum of the values. A row is one head of one token. Four rows share
 * every load of a key or a value. Owns its scratch memory; belongs to one thread at a time.
 */
final class AttentionTile {
  /** Query rows in a tile. */
  static final int ROWS = 4;

  private final KvLayout layout;
  private final FloatFormat format;

  /** {@code [ROWS, headDim]}, rotated and scaled. */
  private final float[] queries;

  /** {@code [ROWS, paddedDim]}. */
  private final float[] outputs;

  /** {@code [ROWS, stride]}, grown as needed; then the weights of the values. */
  private float[] scores = new float[0];

  private int stride;

  /** The keys that each row attends to: from, inclusive, and to, exclusive. */
  private final int[] from = new int[ROWS];

  private final int[] to = new int[ROWS];
  private final float[] scale = new float[ROWS];

  AttentionTile(KvLayout layout) {
    this.layout = layout;
    this.format = layout.format();
    this.queries = new float[ROWS * layout.headDim()];
    this.outputs = new float[ROWS * layout.paddedDim()];
  }

  /** Where row {@code row}'s query must be put, {@code headDim} floats of {@link #queries}. */
  int queryOffset(int row) {
    return row * layout.headDim();
  }

  float[] queries() {
    return queries;
  }

  /** Sets the keys of a row: {@code from}, inclusive, to {@code to}, exclusive. */
  void keys(int row, int first, int end) {
    from[row] = first;
    to[row] = end;
  }

  /** Leaves the rows from {@code count} on without a query. */
  void fill(int count) {
    Arrays.fill(queries, queryOffset(count), queries.length, 0);
    for (int row = count; row < ROWS; row++) {
      keys(row, from[0], to[0]);
    }
  }

  /** The output of a row is in {@link #outputs} from here on, {@code headDim} floats. */
  int outputOffset(int row) {
    return row * layout.paddedDim();
  }

  float[] outputs() {
    return outputs;
  }

  /**
   * Computes the outputs of the four rows.
   *
   * @param layer address of the layer in the first block
   * @param blocks the sequence's blocks in order
   */
  void attend(long layer, int[] blocks, int kvHead) {
    int first = Math.min(Math.min(from[0], from[1]), Math.min(from[2], from[3]));
    int end = Math.max(Math.max(to[0], to[1]), Math.max(to[2], to[3]));
    int firstBlock = first / KvLayout.BLOCK;
    int endBlock = (end + KvLayout.BLOCK - 1) / KvLayout.BLOCK;
    int length = (endBlock - firstBlock) * KvLayout.BLOCK;
    if (stride < length) {
      stride = Math.max(length, 2 * stride);
      scores = new float[ROWS * stride];
    }
    score(layer, blocks, kvHead, firstBlock, endBlock);
    int origin = firstBlock * KvLayout.BLOCK;
    for (int row = 0; row < ROWS; row++) {
      scale[row] = softmax(row * stride, length, from[row] - origin, to[row] - origin);
    }
    weigh(layer, blocks, kvHead, firstBlock, end);
  }

  /**
   * The scores of four rows with all keys of the blocks, also those that a row does not see; two
   * blocks at a time, so that a query's number is read once for both.
   */
  private void score(long layer, int[] blocks, int kvHead, int firstBlock, int endBlock) {
    FloatFormat format = this.format;
    float[] queries = this.queries;
    float[] scores = this.scores;
    int stride = this.stride;
    int headDim = layout.headDim();
    long row = (long) KvLayout.BLOCK * format.size();
    for (int block = firstBlock; block < endBlock; block += 2) {
      int other = Math.min(block + 1, endBlock - 1);
      long oneHead = layer + layout.keyOffset(blocks[block], kvHead);
      long otherHead = layer + layout.keyOffset(blocks[other], kvHead);
      for (int lane = 0; lane < KvLayout.BLOCK; lane += LANES) {
        long one = oneHead + (long) lane * format.size();
        long two = otherHead + (long) lane * format.size();
        FloatVector sum00 = FloatVector.zero(FLOATS);
        FloatVector sum01 = sum00;
        FloatVector sum10 = sum00;
        FloatVector sum11 = sum00;
        FloatVector sum20 = sum00;
        FloatVector sum21 = sum00;
        FloatVector sum30 = sum00;
        FloatVector sum31 = sum00;
        for (int d = 0; d < headDim; d++) {
          FloatVector key0 = format.load(one + d * row);
          FloatVector key1 = format.load(two + d * row);
          FloatVector query0 = FloatVector.broadcast(FLOATS, queries[d]);
          FloatVector query1 = FloatVector.broadcast(FLOATS, queries[headDim + d]);
          FloatVector query2 = FloatVector.broadcast(FLOATS, queries[2 * headDim + d]);
          FloatVector query3 = FloatVector.broadcast(FLOATS, queries[3 * headDim + d]);
          sum00 = key0.fma(query0, sum00);
          sum01 = key1.fma(query0, sum01);
          sum10 = key0.fma(query1, sum10);
          sum11 = key1.fma(query1, sum11);
          sum20 = key0.fma(query2, sum20);
          sum21 = key1.fma(query2, sum21);
          sum30 = key0.fma(query3, sum30);
          sum31 = key1.fma(query3, sum31);
        }
        int at = (block - firstBlock) * KvLayout.BLOCK + lane;
        sum00.intoArray(scores, at);
        sum10.intoArray(scores, stride + at);
        sum20.intoArray(scores, 2 * stride + at);
        sum30.intoArray(scores, 3 * stride + at);
        int next = (other - firstBlock) * KvLayout.BLOCK + lane;
        sum01.intoArray(scores, next);
        sum11.intoArray(scores, stride + next);
        sum21.intoArray(scores, 2 * stride + next);
        sum31.intoArray(scores, 3 * stride + next);
      }
    }
  }

  /**
   * Makes weights of the scores of one row, not divided by their sum. Keys outside of {@code
   * [first, end)} get the weight 0. Returns 1 / sum.
   */
  private float softmax(int offset, int length, int first, int end) {
    Arrays.fill(scores, offset, offset + first, Float.NEGATIVE_INFINITY);
    Arrays.fill(scores, offset + end, offset + length, Float.NEGATIVE_INFINITY);
    FloatVector most = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
    for (int i = offset; i < offset + length; i += LANES) {
      most = most.max(FloatVector.fromArray(FLOATS, scores, i));
    }
    float max = most.reduceLanes(VectorOperators.MAX);
    FloatVector sum = FloatVector.zero(FLOATS);
    for (int i = offset; i < offset + length; i += LANES) {
      FloatVector weight = VectorMath.exp(FloatVector.fromArray(FLOATS, scores, i).sub(max));
      weight.intoArray(scores, i);
      sum = sum.add(weight);
    }
    return 1 / VectorMath.sum(sum);
  }

  /**
   * The weighted sums of the values. A value that a row does not see has no part in its sum: the
   * weight 0 would not be enough, since 0 × ∞ is NaN. A row's sum is taken in the order of the
   * keys, whichever rows it shares the tile with.
   */
  private void weigh(long layer, int[] blocks, int kvHead, int firstBlock, int end) {
    int first = Math.min(Math.min(from[0], from[1]), Math.min(from[2], from[3]));
    int seenByAll = Math.max(Math.max(from[0], from[1]), Math.max(from[2], from[3]));
    int endOfAll = Math.min(Math.min(to[0], to[1]), Math.min(to[2], to[3]));
    Arrays.fill(outputs, 0);
    if (seenByAll >= endOfAll) {
      addSeen(layer, blocks, kvHead, firstBlock, first, end);
    } else {
      addSeen(layer, blocks, kvHead, firstBlock, first, seenByAll);
      addToAll(layer, blocks, kvHead, firstBlock, seenByAll, endOfAll);
      addSeen(layer, blocks, kvHead, firstBlock, endOfAll, end);
    }
    int paddedDim = layout.paddedDim();
    for (int row = 0; row < ROWS; row++) {
      for (int d = row * paddedDim; d < (row + 1) * paddedDim; d += LANES) {
        FloatVector.fromArray(FLOATS, outputs, d).mul(scale[row]).intoArray(outputs, d);
      }
    }
  }

  /** Adds the weighted values of keys that only some rows see. */
  private void addSeen(long layer, int[] blocks, int kvHead, int firstBlock, int first, int end) {
    int paddedDim = layout.paddedDim();
    long size = format.size();
    for (int key = first; key < end; key++) {
      long address =
          layer
              + layout.valueOffset(blocks[key / KvLayout.BLOCK], kvHead)
              + (long) (key % KvLayout.BLOCK) * paddedDim * size;
      for (int row = 0; row < ROWS; row++) {
        if (key >= from[row] && key < to[row]) {
          FloatVector weight =
              FloatVector.broadcast(
                  FLOATS, scores[row * stride + key - firstBlock * KvLayout.BLOCK]);
          for (int d = 0; d < paddedDim; d += LANES) {
            int at = row * paddedDim + d;
            format
                .load(address + d * size)
                .fma(weight, FloatVector.fromArray(FLOATS, outputs, at))
                .intoArray(outputs, at);
          }
        }
      }
    }
  }

  /**
   * Adds the weighted values of keys that all rows see, four vectors of a head's dimensions at a
   * time, then two.
   */
  private void addToAll(long layer, int[] blocks, int kvHead, int firstBlock, int first, int end) {
    int d = 0;
    for (; d + 4 * LANES <= layout.paddedDim(); d += 4 * LANES) {
      addFour(layer, blocks, kvHead, firstBlock, first, end, d);
    }
    for (; d < layout.paddedDim(); d += 2 * LANES) {
      addTwo(layer, blocks, kvHead, firstBlock, first, end, d);
    }
  }

  /** Four vectors, from dimension {@code d} on. */
  private void addFour(
      long layer, int[] blocks, int kvHead, int firstBlock, int first, int end, int d) {
    FloatFormat format = this.format;
    float[] scores = this.scores;
    float[] outputs = this.outputs;
    int stride = this.stride;
    int paddedDim = layout.paddedDim();
    long row = (long) paddedDim * format.size();
    long next = (long) LANES * format.size();
    FloatVector sum00 = FloatVector.fromArray(FLOATS, outputs, d);
    FloatVector sum01 = FloatVector.fromArray(FLOATS, outputs, d + LANES);
    FloatVector sum02 = FloatVector.fromArray(FLOATS, outputs, d + 2 * LANES);
    FloatVector sum03 = FloatVector.fromArray(FLOATS, outputs, d + 3 * LANES);
    FloatVector sum10 = FloatVector.fromArray(FLOATS, outputs, paddedDim + d);
    FloatVector sum11 = FloatVector.fromArray(FLOATS, outputs, paddedDim + d + LANES);
    FloatVector sum12 = FloatVector.fromArray(FLOATS, outputs, paddedDim + d + 2 * LANES);
    FloatVector sum13 = FloatVector.fromArray(FLOATS, outputs, paddedDim + d + 3 * LANES);
    FloatVector sum20 = FloatVector.fromArray(FLOATS, outputs, 2 * paddedDim + d);
    FloatVector sum21 = FloatVector.fromArray(FLOATS, outputs, 2 * paddedDim + d + LANES);
    FloatVector sum22 = FloatVector.fromArray(FLOATS, outputs, 2 * paddedDim + d + 2 * LANES);
    FloatVector sum23 = FloatVector.fromArray(FLOATS, outputs, 2 * paddedDim + d + 3 * LANES);
    FloatVector sum30 = FloatVector.fromArray(FLOATS, outputs, 3 * paddedDim + d);
    FloatVector sum31 = FloatVector.fromArray(FLOATS, outputs, 3 * paddedDim + d + LANES);
    FloatVector sum32 = FloatVector.fromArray(FLOATS, outputs, 3 * paddedDim + d + 2 * LANES);
    FloatVector sum33 = FloatVector.fromArray(FLOATS, outputs, 3 * paddedDim + d + 3 * LANES);
    for (int block = first / KvLayout.BLOCK; block * KvLayout.BLOCK < end; block++) {
      long address = layer + layout.valueOffset(blocks[block], kvHead) + (long) d * format.size();
      int at = (block - firstBlock) * KvLayout.BLOCK;
      int count = Math.min(KvLayout.BLOCK, end - block * KvLayout.BLOCK);
      for (int i = Math.max(0, first - block * KvLayout.BLOCK); i < count; i++) {
        long value = address + i * row;
        FloatVector value0 = format.load(value);
        FloatVector value1 = format.load(value + next);
        FloatVector value2 = format.load(value + 2 * next);
        FloatVector value3 = format.load(value + 3 * next);
        FloatVector weight0 = FloatVector.broadcast(FLOATS, scores[at + i]);
        FloatVector weight1 = FloatVector.broadcast(FLOATS, scores[stride + at + i]);
        FloatVector weight2 = FloatVector.broadcast(FLOATS, scores[2 * stride + at + i]);
        FloatVector weight3 = FloatVector.broadcast(FLOATS, scores[3 * stride + at + i]);
        sum00 = value0.fma(weight0, sum00);
        sum01 = value1.fma(weight0, sum01);
        sum02 = value2.fma(weight0, sum02);
        sum03 = value3.fma(weight0, sum03);
        sum10 = value0.fma(weight1, sum10);
        sum11 = value1.fma(weight1, sum11);
        sum12 = value2.fma(weight1, sum12);
        sum13 = value3.fma(weight1, sum13);
        sum20 = value0.fma(weight2, sum20);
        sum21 = value1.fma(weight2, sum21);
        sum22 = value2.fma(weight2, sum22);
        sum23 = value3.fma(weight2, sum23);
        sum30 = value0.fma(weight3, sum30);
        sum31 = value1.fma(weight3, sum31);
        sum32 = value2.fma(weight3, sum32);
        sum33 = value3.fma(weight3, sum33);
      }
    }
    sum00.intoArray(outputs, d);
    sum01.intoArray(outputs, d + LANES);
    sum02.intoArray(outputs, d + 2 * LANES);
    sum03.intoArray(outputs, d + 3 * LANES);
    sum10.intoArray(outputs, paddedDim + d);
    sum11.intoArray(outputs, paddedDim + d + LANES);
    sum12.intoArray(outputs, paddedDim + d + 2 * LANES);
    sum13.intoArray(outputs, paddedDim + d + 3 * LANES);
    sum20.intoArray(outputs, 2 * paddedDim + d);
    sum21.intoArray(outputs, 2 * paddedDim + d + LANES);
    sum22.intoArray(outputs, 2 * paddedDim + d + 2 * LANES);
    sum23.intoArray(outputs, 2 * paddedDim + d + 3 * LANES);
    sum30.intoArray(outputs, 3 * paddedDim + d);
    sum31.intoArray(outputs, 3 * paddedDim + d + LANES);
    sum32.intoArray(outputs, 3 * paddedDim + d + 2 * LANES);
    sum33.intoArray(outputs, 3 * paddedDim + d + 3 * LANES);
  }

  /** Two vectors, from dimension {@code d} on. */
  private void addTwo(
      long layer, int[] blocks, int kvHead, int firstBlock, int first, int end, int d) {
    FloatFormat format = this.format;
    float[] scores = this.scores;
    float[] outputs = this.outputs;
    int stride = this.stride;
    int paddedDim = layout.paddedDim();
    long row = (long) paddedDim * format.size();
    long next = (long) LANES * format.size();
    FloatVector sum00 = FloatVector.fromArray(FLOATS, outputs, d);
    FloatVector sum01 = FloatVector.fromArray(FLOATS, outputs, d + LANES);
    FloatVector sum10 = FloatVector.fromArray(FLOATS, outputs, paddedDim + d);
    FloatVector sum11 = FloatVector.fromArray(FLOATS, outputs, paddedDim + d + LANES);
    FloatVector sum20 = FloatVector.fromArray(FLOATS, outputs, 2 * paddedDim + d);
    FloatVector sum21 = FloatVector.fromArray(FLOATS, outputs, 2 * paddedDim + d + LANES);
    FloatVector sum30 = FloatVector.fromArray(FLOATS, outputs, 3 * paddedDim + d);
    FloatVector sum31 = FloatVector.fromArray(FLOATS, outputs, 3 * paddedDim + d + LANES);
    for (int block = first / KvLayout.BLOCK; block * KvLayout.BLOCK < end; block++) {
      long address = layer + layout.valueOffset(blocks[block], kvHead) + (long) d * format.size();
      int at = (block - firstBlock) * KvLayout.BLOCK;
      int count = Math.min(KvLayout.BLOCK, end - block * KvLayout.BLOCK);
      for (int i = Math.max(0, first - block * KvLayout.BLOCK); i < count; i++) {
        long value = address + i * row;
        FloatVector value0 = format.load(value);
        FloatVector value1 = format.load(value + next);
        FloatVector weight0 = FloatVector.broadcast(FLOATS, scores[at + i]);
        FloatVector weight1 = FloatVector.broadcast(FLOATS, scores[stride + at + i]);
        FloatVector weight2 = FloatVector.broadcast(FLOATS, scores[2 * stride + at + i]);
        FloatVector weight3 = FloatVector.broadcast(FLOATS, scores[3 * stride + at + i]);
        sum00 = value0.fma(weight0, sum00);
        sum01 = value1.fma(weight0, sum01);
        sum10 = value0.fma(weight1, sum10);
        sum11 = value1.fma(weight1, sum11);
        sum20 = value0.fma(weight2, sum20);
        sum21 = value1.fma(weight2, sum21);
        sum30 = value0.fma(weight3, sum30);
        sum31 = value1.fma(weight3, sum31);
      }
    }
    sum00.intoArray(outputs, d);
    sum01.intoArray(outputs, d + LANES);
    sum10.intoArray(outputs, paddedDim + d);
    sum11.intoArray(outputs, paddedDim + d + LANES);
    sum20.intoArray(outputs, 2 * paddedDim + d);
    sum21.intoArray(outputs, 2 * paddedDim + d + LANES);
    sum30.intoArray(outputs, 3 * paddedDim + d);
    sum31.intoArray(outputs, 3 * paddedDim + d + LANES);
  }
}
