package dev.freshet.model;

import static org.assertj.core.api.Assertions.assertThat;

import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class VectorMathTest {
  /** So many calls that the JVM compiles what they call. */
  private static final int CALLS = 20_000;

  private static float[] values(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = -90 + 180f * i / count;
    }
    return values;
  }

  private static float[] exp(float[] values) {
    float[] results = new float[values.length];
    for (int i = 0; i < values.length; i += FloatFormat.LANES) {
      VectorMath.exp(FloatVector.fromArray(FloatFormat.FLOATS, values, i)).intoArray(results, i);
    }
    return results;
  }

  private static float[] sums(float[] values) {
    float[] results = new float[values.length / FloatFormat.LANES];
    for (int i = 0; i < results.length; i++) {
      results[i] =
          VectorMath.sum(FloatVector.fromArray(FloatFormat.FLOATS, values, i * FloatFormat.LANES));
    }
    return results;
  }

  @Test
  void theExponentialIsRightToTwoUnitsInTheLastPlace() {
    float[] values = values(4096);
    float[] results = exp(values);
    for (int i = 0; i < values.length; i++) {
      double expected = Math.exp(values[i]);
      if (Math.abs(values[i]) < 87) {
        assertThat(Math.abs(results[i] - expected))
            .as("exp(%s)", values[i])
            .isLessThanOrEqualTo(2 * Math.ulp((float) expected));
      }
    }
  }

  @Test
  void theExponentialOfLimitsIsTheirLimit() {
    float[] values = new float[FloatFormat.LANES];
    for (float[] pair :
        new float[][] {
          {Float.NEGATIVE_INFINITY, 0},
          {-1000, 0},
          {0, 1},
          {1000, Float.POSITIVE_INFINITY},
          {Float.POSITIVE_INFINITY, Float.POSITIVE_INFINITY},
          {Float.NaN, Float.NaN}
        }) {
      values[0] = pair[0];
      assertThat(Float.compare(exp(values)[0], pair[1])).as("exp(%s)", pair[0]).isZero();
    }
  }

  @Test
  void compiledCodeGivesTheBitsThatInterpretedCodeGives() {
    float[] values = values(256);
    float[] interpreted = exp(values);
    float[] interpretedSums = sums(values);
    for (int i = 0; i < CALLS; i++) {
      exp(values);
      sums(values);
    }

    assertThat(exp(values)).containsExactly(interpreted);
    assertThat(sums(values)).containsExactly(interpretedSums);
  }
}
