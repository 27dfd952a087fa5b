package dev.freshet.model;

import static dev.freshet.model.FloatFormat.FLOATS;
import static dev.freshet.model.FloatFormat.LANES;

import jdk.incubator.vector.FloatVector;

/**
 * The rotations of one {@link Rope} at all positions of a context. Pair i of a head is its
 * dimensions i and {@code pairs + i}; it turns from {@code (a, b)} to {@code (a·cos − b·sin, b·cos
 * + a·sin)}. Dimensions from {@code 2 · pairs} on are kept. Cosines and sines contain the magnitude
 * of the scaling.
 *
 * @param positions the number of positions
 * @param pairs the number of rotated pairs of a head
 * @param cos {@code [positions, pairs]}, row by row; the caller must not modify it
 * @param sin {@code [positions, pairs]}, row by row; the caller must not modify it
 */
@SuppressWarnings("ArrayRecordComponent")
public record RotaryTable(int positions, int pairs, float[] cos, float[] sin) {
  /** Keeps every dimension. */
  static final RotaryTable NONE = new RotaryTable(0, 0, new float[0], new float[0]);

  /** The rotations of heads of {@code headDim} at positions below {@code positions}. */
  static RotaryTable of(Rope rope, int headDim, int positions) {
    double[] frequencies = rope.frequencies(headDim);
    double magnitude = rope.scaling().magnitude();
    int pairs = frequencies.length;
    float[] cos = new float[Math.multiplyExact(positions, pairs)];
    float[] sin = new float[Math.multiplyExact(positions, pairs)];
    for (int position = 0; position < positions; position++) {
      for (int i = 0; i < pairs; i++) {
        // transformers multiplies in 32-bit floats.
        float angle = position * (float) frequencies[i];
        cos[position * pairs + i] = (float) (Math.cos(angle) * magnitude);
        sin[position * pairs + i] = (float) (Math.sin(angle) * magnitude);
      }
    }
    return new RotaryTable(positions, pairs, cos, sin);
  }

  /**
   * Rotates one head of one token and scales it.
   *
   * @param source address of the head, {@code headDim} numbers
   * @param target receives the rotated head from {@code offset} on
   */
  void rotate(
      FloatFormat format,
      long source,
      int headDim,
      int position,
      float scale,
      float[] target,
      int offset) {
    int table = position * pairs;
    long size = format.size();
    long upper = source + pairs * size;
    int whole = pairs - pairs % LANES;
    for (int i = 0; i < whole; i += LANES) {
      FloatVector first = format.load(source + i * size);
      FloatVector second = format.load(upper + i * size);
      FloatVector c = FloatVector.fromArray(FLOATS, cos, table + i).mul(scale);
      FloatVector s = FloatVector.fromArray(FLOATS, sin, table + i).mul(scale);
      first.mul(c).sub(second.mul(s)).intoArray(target, offset + i);
      second.mul(c).add(first.mul(s)).intoArray(target, offset + pairs + i);
    }
    for (int i = whole; i < pairs; i++) {
      float first = format.get(source + i * size);
      float second = format.get(upper + i * size);
      float c = cos[table + i] * scale;
      float s = sin[table + i] * scale;
      target[offset + i] = first * c - second * s;
      target[offset + pairs + i] = second * c + first * s;
    }
    for (int i = 2 * pairs; i < headDim; i++) {
      target[offset + i] = format.get(source + i * size) * scale;
    }
  }
}
