package dev.freshet.model;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The rotary embedding of tokens at their positions. It rotates the first dimensions of a head and
 * keeps the others. Belongs to the {@code PointerScope} in which it is made.
 *
 * @param cos {@code [batch, time, 1, dims]}; both halves of the last dimension are equal
 * @param sin as {@code cos}
 */
record Rotation(Tensor cos, Tensor sin) {
  /**
   * The rotation of tokens.
   *
   * @param positions {@code [batch, time]}
   */
  static Rotation of(Rope rope, int headDim, Tensor positions, ScalarType type) {
    double[] frequencies = rope.frequencies(headDim);
    float[] rounded = new float[frequencies.length];
    for (int i = 0; i < rounded.length; i++) {
      rounded[i] = (float) frequencies[i];
    }
    Tensor half = Torch.floats(rounded, 1, 1, 1, rounded.length);
    Tensor angles =
        positions
            .to(ScalarType.Float)
            .unsqueeze(-1)
            .unsqueeze(-1)
            .mul(torch.cat(new TensorVector(half, half), -1));
    Scalar magnitude = new Scalar(rope.scaling().magnitude());
    return new Rotation(angles.cos().mul(magnitude).to(type), angles.sin().mul(magnitude).to(type));
  }

  /** Heads rotated, {@code [batch, time, heads, headDim]}. */
  Tensor apply(Tensor heads) {
    long dims = cos.size(-1);
    long kept = heads.size(-1) - dims;
    if (kept == 0) {
      return rotated(heads);
    }
    return torch.cat(
        new TensorVector(rotated(heads.narrow(-1, 0, dims)), heads.narrow(-1, dims, kept)), -1);
  }

  private Tensor rotated(Tensor heads) {
    long half = heads.size(-1) / 2;
    Tensor turned =
        torch.cat(
            new TensorVector(heads.narrow(-1, half, half).neg(), heads.narrow(-1, 0, half)), -1);
    return heads.mul(cos).add(turned.mul(sin));
  }
}
