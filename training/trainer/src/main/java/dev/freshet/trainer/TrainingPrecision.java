package dev.freshet.trainer;

import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The type in which the trainer computes linear layers. Weights, their gradients, the optimizer,
 * attention, norms, the softmax over the vocabulary and the loss are in 32-bit floats either way. A
 * constant's lower-case name is its name in the configuration.
 */
public enum TrainingPrecision {
  FLOAT32(ScalarType.Float),
  BFLOAT16(ScalarType.BFloat16);

  private final ScalarType type;

  TrainingPrecision(ScalarType type) {
    this.type = type;
  }

  /** The libtorch type. */
  ScalarType type() {
    return type;
  }
}
