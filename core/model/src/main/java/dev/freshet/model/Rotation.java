package dev.freshet.model;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The rotary embedding of tokens at their positions. Belongs to the {@code PointerScope} in which
 * it is made.
 *
 * @param cos {@code [batch, time, 1, headDim]}; both halves of the last dimension are equal
 * @param sin as {@code cos}
 */
record Rotation(Tensor cos, Tensor sin) {
  /**
   * The rotation of tokens.
   *
   * @param positions {@code [batch, time]}
   */
  static Rotation of(ModelConfig config, Tensor positions, ScalarType type) {
    float[] frequencies = config.rope().frequencies(config.headDim());
    Tensor half = Torch.floats(frequencies, 1, 1, 1, frequencies.length);
    Tensor angles =
        positions
            .to(ScalarType.Float)
            .unsqueeze(-1)
            .unsqueeze(-1)
            .mul(torch.cat(new TensorVector(half, half), -1));
    return new Rotation(angles.cos().to(type), angles.sin().to(type));
  }

  /** Heads rotated, {@code [batch, time, heads, headDim]}. */
  Tensor apply(Tensor heads) {
    long half = heads.size(-1) / 2;
    Tensor turned =
        torch.cat(
            new TensorVector(heads.narrow(-1, half, half).neg(), heads.narrow(-1, 0, half)), -1);
    return heads.mul(cos).add(turned.mul(sin));
  }
}
