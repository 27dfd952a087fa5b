package dev.freshet.model;

import dev.freshet.model.ModelFamily.Activation;
import jdk.incubator.vector.FloatVector;

/** The e of an activation in the form {@code x / (1 + exp(−e(x)))}, and the slope of e. */
final class Gates {
  /** 2·√(2/π), and the factor of the cube, of the approximation of GELU by tanh. */
  private static final float GELU_SCALE = (float) (2 * Math.sqrt(2 / Math.PI));

  private static final float GELU_CUBE = 0.044715f;

  private Gates() {}

  static FloatVector exponent(Activation activation, FloatVector x) {
    return switch (activation) {
      case SILU -> x;
      // (1 + tanh(z)) / 2 is 1 / (1 + exp(−2z)).
      case GELU_TANH -> x.mul(x).mul(x).mul(GELU_CUBE).add(x).mul(GELU_SCALE);
    };
  }

  static float exponent(Activation activation, float x) {
    return switch (activation) {
      case SILU -> x;
      case GELU_TANH -> GELU_SCALE * (x + GELU_CUBE * x * x * x);
    };
  }

  static FloatVector exponentSlope(Activation activation, FloatVector x) {
    return switch (activation) {
      case SILU -> FloatVector.broadcast(x.species(), 1);
      case GELU_TANH -> x.mul(x).mul(3 * GELU_CUBE).add(1).mul(GELU_SCALE);
    };
  }

  static float exponentSlope(Activation activation, float x) {
    return switch (activation) {
      case SILU -> 1;
      case GELU_TANH -> GELU_SCALE * (1 + 3 * GELU_CUBE * x * x);
    };
  }
}
