package dev.freshet.model;

import static dev.freshet.model.FloatFormat.FLOATS;
import static jdk.incubator.vector.FloatVector.broadcast;

import java.util.List;
import java.util.stream.Stream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/**
 * Functions of vectors whose results are the same to the last bit in code that the JVM interprets
 * and in code that it has compiled. The Vector API's own exponential and sums of lanes are not, so
 * a completion would change while a server warms up.
 *
 * <p>They call nothing but the Vector API, whose methods the JVM always inlines. A call that it
 * does not inline puts each vector that crosses it on the heap, and whether it inlines a method of
 * ours that another one calls once depends on how long that one ran before it was profiled.
 */
final class VectorMath {
  /** Below it the exponential is 0, above the other limit it is ∞. */
  private static final float LEAST = -88;

  private static final float MOST = 89;

  private static final float LOG2_E = 1.442695f;

  /** ln 2 in two parts; the upper one has few bits, so that its multiples are exact. */
  private static final float LN2_UPPER = 0.6933594f;

  private static final float LN2_LOWER = -2.1219444e-4f;

  /** Added to a float of small magnitude, leaves the nearest integer in the lowest bits. */
  private static final float INTEGER = 1.5f * (1 << 23);

  private static final int MANTISSA_BITS = 23;
  private static final int EXPONENT_BIAS = 127;

  /** Each moves the upper half of what is left of a vector's lanes to the lower half. */
  private static final List<VectorShuffle<Float>> UPPER_HALVES =
      Stream.iterate(FLOATS.length() / 2, half -> half > 0, half -> half / 2)
          .map(half -> VectorShuffle.iota(FLOATS, half, 1, true))
          .toList();

  private VectorMath() {}

  /**
   * e to the power of each lane, to 2 units in the last place. Results that are not normal floats
   * are 0; those from 2^127.5 on are ∞.
   */
  static FloatVector exp(FloatVector x) {
    FloatVector limited = x.max(LEAST).min(MOST);
    FloatVector shifted = limited.fma(broadcast(FLOATS, LOG2_E), broadcast(FLOATS, INTEGER));
    FloatVector power = shifted.sub(INTEGER);
    FloatVector rest =
        power.fma(broadcast(FLOATS, -LN2_LOWER), power.fma(broadcast(FLOATS, -LN2_UPPER), limited));
    // The coefficients are those of Cephes's expf.
    FloatVector series =
        broadcast(FLOATS, 1.9875691e-4f)
            .fma(rest, broadcast(FLOATS, 1.3981999e-3f))
            .fma(rest, broadcast(FLOATS, 8.333452e-3f))
            .fma(rest, broadcast(FLOATS, 4.1665796e-2f))
            .fma(rest, broadcast(FLOATS, 1.6666666e-1f))
            .fma(rest, broadcast(FLOATS, 0.5f))
            .fma(rest.mul(rest), rest.add(1));
    FloatVector scale =
        shifted
            .reinterpretAsInts()
            .add(EXPONENT_BIAS - Float.floatToRawIntBits(INTEGER))
            .lanewise(VectorOperators.LSHL, MANTISSA_BITS)
            .reinterpretAsFloats();
    return series.mul(scale);
  }

  /** The sum of the lanes, half by half. */
  static float sum(FloatVector x) {
    FloatVector sum = x;
    for (VectorShuffle<Float> upperHalf : UPPER_HALVES) {
      sum = sum.add(sum.rearrange(upperHalf));
    }
    return sum.lane(0);
  }
}
