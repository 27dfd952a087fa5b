package dev.freshet.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.weights.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Attention over blocks, against the formula computed in doubles. The blocks of every pool here
 * held NaN before.
 */
class KvPoolTest {
  private static final int MAX_LENGTH = 112;
  private static final int BLOCKS = 28;

  /**
   * A shape of attention.
   *
   * @param window 0 for none
   */
  record Shape(ScalarType type, int headDim, int kvHeads, int group, int window) {
    ModelConfig config() {
      return new ModelConfig(
          ModelFamily.LLAMA,
          10,
          headDim * kvHeads * group,
          10,
          1,
          kvHeads * group,
          kvHeads,
          headDim,
          1e-6,
          new Rope(10_000, new Rope.Default()),
          MAX_LENGTH,
          true,
          false,
          false,
          false,
          List.of(window == 0 ? OptionalInt.empty() : OptionalInt.of(window)),
          List.of(),
          DType.F32);
    }

    int firstKey(int position) {
      return window == 0 ? 0 : Math.max(0, position + 1 - window);
    }

    /** The largest error of an output, whose parts are about 1. */
    double tolerance() {
      return switch (type) {
        case Float -> 2e-5;
        case Half -> 4e-3;
        default -> 3e-2;
      };
    }
  }

  static Stream<Shape> shapes() {
    List<Shape> shapes = new ArrayList<>();
    for (int headDim : List.of(2, 20, 64, 80, 96, 128, 256)) {
      shapes.add(new Shape(ScalarType.Float, headDim, 2, 3, 0));
      shapes.add(new Shape(ScalarType.BFloat16, headDim, 2, 3, 0));
      shapes.add(new Shape(ScalarType.Half, headDim, 1, 2, 20));
    }
    for (int group = 1; group <= 9; group++) {
      shapes.add(new Shape(ScalarType.Float, 20, 2, group, 0));
      shapes.add(new Shape(ScalarType.BFloat16, 24, 1, group, 7));
    }
    for (int window : List.of(1, 2, 15, 16, 17, 31, 33)) {
      shapes.add(new Shape(ScalarType.Float, 16, 2, 2, window));
      shapes.add(new Shape(ScalarType.Float, 16, 1, 1, window));
    }
    return shapes.stream();
  }

  /** One sequence's queries, keys and values, and its blocks. */
  private static final class Sequence {
    final int[] blocks;
    final float[] queries;
    final float[] keys;
    final float[] values;
    int length;

    Sequence(Shape shape, SplittableRandom random, int[] blocks) {
      this.blocks = blocks;
      int width = shape.kvHeads() * shape.headDim();
      this.queries = gaussian(random, shape.type(), MAX_LENGTH * width * shape.group());
      this.keys = gaussian(random, shape.type(), MAX_LENGTH * width);
      this.values = gaussian(random, shape.type(), MAX_LENGTH * width);
    }

    KvSpan span(int count) {
      return new KvSpan(length, count, blocks);
    }
  }

  private static float[] gaussian(SplittableRandom random, ScalarType type, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = rounded(type, (float) random.nextGaussian());
    }
    return values;
  }

  private static float rounded(ScalarType type, float value) {
    return switch (type) {
      case Float -> value;
      case Half -> Float.float16ToFloat(Float.floatToFloat16(value));
      default -> Float.intBitsToFloat((Float.floatToRawIntBits(value) + 0x8000) & 0xffff0000);
    };
  }

  /** Several sequences in scattered blocks of one pool. */
  private static List<Sequence> sequences(Shape shape, int count) {
    SplittableRandom random = new SplittableRandom(shape.hashCode());
    return IntStream.range(0, count)
        .mapToObj(
            i ->
                new Sequence(
                    shape,
                    random.split(),
                    IntStream.range(0, MAX_LENGTH / KvPool.BLOCK_TOKENS)
                        .map(block -> block * count + i)
                        .toArray()))
        .toList();
  }

  private static KvPool pool(Shape shape, ComputeCrew crew) {
    KvPool pool = new KvPool(shape.config(), BLOCKS, MAX_LENGTH, shape.type(), crew);
    for (int first = 0; first < BLOCKS; first += MAX_LENGTH / KvPool.BLOCK_TOKENS) {
      int from = first;
      int[] blocks = IntStream.range(0, BLOCKS / 4).map(i -> from + i).toArray();
      Sequence poison = new Sequence(shape, new SplittableRandom(1), blocks);
      Arrays.fill(poison.queries, Float.NaN);
      Arrays.fill(poison.keys, Float.NaN);
      Arrays.fill(poison.values, Float.NaN);
      step(shape, pool, List.of(poison), List.of(MAX_LENGTH));
    }
    return pool;
  }

  /** Computes the next {@code counts} tokens of sequences in one step; returns the outputs. */
  private static List<float[]> step(
      Shape shape, KvPool pool, List<Sequence> sequences, List<Integer> counts) {
    int width = shape.kvHeads() * shape.headDim();
    int total = counts.stream().mapToInt(Integer::intValue).sum();
    float[] queries = new float[total * width * shape.group()];
    float[] keys = new float[total * width];
    float[] values = new float[total * width];
    List<KvSpan> spans = new ArrayList<>();
    int token = 0;
    for (int i = 0; i < sequences.size(); i++) {
      Sequence sequence = sequences.get(i);
      int from = sequence.length;
      int count = counts.get(i);
      int wide = width * shape.group();
      System.arraycopy(sequence.queries, from * wide, queries, token * wide, count * wide);
      System.arraycopy(sequence.keys, from * width, keys, token * width, count * width);
      System.arraycopy(sequence.values, from * width, values, token * width, count * width);
      spans.add(sequence.span(count));
      sequence.length += count;
      token += count;
    }
    try (PointerScope _ = new PointerScope()) {
      long heads = (long) shape.kvHeads() * shape.group();
      Tensor output =
          pool.attention(spans)
              .attend(
                  0,
                  Torch.floats(queries, 1, total, heads, shape.headDim()).to(shape.type()),
                  Torch.floats(keys, 1, total, shape.kvHeads(), shape.headDim()).to(shape.type()),
                  Torch.floats(values, 1, total, shape.kvHeads(), shape.headDim())
                      .to(shape.type()));
      float[] all = Torch.toFloats(output);
      List<float[]> outputs = new ArrayList<>();
      token = 0;
      for (int count : counts) {
        int wide = width * shape.group();
        outputs.add(Arrays.copyOfRange(all, token * wide, (token + count) * wide));
        token += count;
      }
      return outputs;
    }
  }

  private static float[] rotated(
      Shape shape, RotaryTable table, float[] heads, int from, int position) {
    float[] head = Arrays.copyOfRange(heads, from, from + shape.headDim());
    for (int i = 0; i < table.pairs(); i++) {
      float cos = table.cos()[position * table.pairs() + i];
      float sin = table.sin()[position * table.pairs() + i];
      float a = head[i];
      float b = head[i + table.pairs()];
      head[i] = a * cos - b * sin;
      head[i + table.pairs()] = b * cos + a * sin;
    }
    return head;
  }

  /** The output of the head {@code head} of the token at {@code position}. */
  private static double[] expected(
      Shape shape, RotaryTable table, Sequence sequence, int position, int head) {
    int dim = shape.headDim();
    int kvHead = head / shape.group();
    float[] query =
        rotated(
            shape,
            table,
            sequence.queries,
            (position * shape.kvHeads() * shape.group() + head) * dim,
            position);
    double[] sum = new double[dim];
    double weights = 0;
    for (int key = shape.firstKey(position); key <= position; key++) {
      int at = (key * shape.kvHeads() + kvHead) * dim;
      float[] rotated = rotated(shape, table, sequence.keys, at, key);
      double score = 0;
      for (int d = 0; d < dim; d++) {
        score += (double) query[d] * rounded(shape.type(), rotated[d]);
      }
      double weight = Math.exp(score / Math.sqrt(dim));
      weights += weight;
      for (int d = 0; d < dim; d++) {
        sum[d] += weight * sequence.values[at + d];
      }
    }
    for (int d = 0; d < dim; d++) {
      sum[d] /= weights;
    }
    return sum;
  }

  private static void requireRight(Shape shape, Sequence sequence, int from, float[] outputs) {
    int heads = shape.kvHeads() * shape.group();
    RotaryTable table =
        RotaryTable.of(new Rope(10_000, new Rope.Default()), shape.headDim(), MAX_LENGTH);
    for (int row = 0; row < outputs.length / shape.headDim(); row++) {
      int position = from + row / heads;
      double[] expected = expected(shape, table, sequence, position, row % heads);
      double worst = 0;
      for (int d = 0; d < shape.headDim(); d++) {
        worst =
            Math.max(
                worst,
                Math.abs(outputs[row * shape.headDim() + d] - expected[d])
                    / (1 + Math.abs(expected[d])));
      }
      assertThat(worst)
          .as("%s, position %d, head %d", shape, position, row % heads)
          .isLessThanOrEqualTo(shape.tolerance());
    }
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void everyShapeGivesTheFormulaInPartsOfAnyLengthAndBesideOthers(Shape shape) {
    List<List<Integer>> steps =
        List.of(List.of(15, 1, 40), List.of(1, 16, 1), List.of(1, 17, 9), List.of(30, 1, 16));
    List<Sequence> sequences = sequences(shape, 3);
    try (KvPool pool = pool(shape, ComputeCrew.ALONE)) {
      for (List<Integer> counts : steps) {
        int[] from = sequences.stream().mapToInt(sequence -> sequence.length).toArray();
        List<float[]> outputs = step(shape, pool, sequences, counts);
        for (int i = 0; i < sequences.size(); i++) {
          requireRight(shape, sequences.get(i), from[i], outputs.get(i));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void aTokensOutputIsTheSameToTheLastBitInPartsAloneAndOnSeveralThreads(Shape shape) {
    float[] whole;
    try (KvPool pool = pool(shape, ComputeCrew.ALONE)) {
      whole = step(shape, pool, List.of(sequences(shape, 3).getFirst()), List.of(90)).getFirst();
    }
    try (ComputeCrew crew = ComputeCrew.of(3);
        KvPool pool = pool(shape, crew)) {
      List<Sequence> sequences = sequences(shape, 3);
      List<float[]> parts = new ArrayList<>();
      for (int count : List.of(1, 2, 20, 15, 1, 51)) {
        parts.add(step(shape, pool, sequences, Collections.nCopies(3, count)).getFirst());
      }
      assertThat(joined(parts)).containsExactly(whole);
    }
  }

  private static float[] joined(List<float[]> parts) {
    float[] all = new float[parts.stream().mapToInt(part -> part.length).sum()];
    int at = 0;
    for (float[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void aTokenThatIsNotFiniteChangesNoOutputOfTokensThatDoNotSeeIt(Shape shape) {
    int bad = 37;
    float[] expected;
    try (KvPool pool = pool(shape, ComputeCrew.ALONE)) {
      expected = step(shape, pool, List.of(sequences(shape, 3).getFirst()), List.of(80)).getFirst();
    }
    for (float notFinite : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      try (KvPool pool = pool(shape, ComputeCrew.ALONE)) {
        Sequence sequence = sequences(shape, 3).getFirst();
        int width = shape.kvHeads() * shape.headDim();
        Arrays.fill(sequence.keys, bad * width, (bad + 1) * width, notFinite);
        Arrays.fill(sequence.values, bad * width, (bad + 1) * width, notFinite);
        float[] outputs = step(shape, pool, List.of(sequence), List.of(80)).getFirst();
        int wide = width * shape.group();
        for (int position = 0; position < 80; position++) {
          if (bad < shape.firstKey(position) || bad > position) {
            assertThat(Arrays.copyOfRange(outputs, position * wide, (position + 1) * wide))
                .as("%s, position %d, %s", shape, position, notFinite)
                .containsExactly(
                    Arrays.copyOfRange(expected, position * wide, (position + 1) * wide));
          }
        }
      }
    }
  }

  @Test
  void aCopiedBlockHoldsWhatItsSourceHolds() {
    Shape shape = new Shape(ScalarType.BFloat16, 20, 2, 2, 0);
    try (KvPool pool = pool(shape, ComputeCrew.ALONE)) {
      Sequence sequence = sequences(shape, 3).getFirst();
      step(shape, pool, List.of(sequence), List.of(30));
      pool.copyBlock(sequence.blocks[1], BLOCKS - 1);
      int[] blocks = sequence.blocks.clone();
      blocks[1] = BLOCKS - 1;
      Sequence copy = sequences(shape, 3).getFirst();
      System.arraycopy(blocks, 0, copy.blocks, 0, blocks.length);
      copy.length = 30;

      assertThat(step(shape, pool, List.of(copy), List.of(1)).getFirst())
          .containsExactly(step(shape, pool, List.of(sequence), List.of(1)).getFirst());
    }
  }
}
