package dev.freshet.trainer;

import dev.freshet.model.Attention;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Attention in 32-bit floats that records itself on a {@link Tape}. libtorch computes its gradient.
 * The gradient that the tape receives holds those of query, key and value one after the other.
 *
 * @param inner attends {@code [rows, time, heads, headDim]}
 * @param rows of the packed sequences, which the decoder sees as one row
 */
record TapedAttention(Tape tape, Attention inner, long rows) implements Attention {
  @Override
  public Tensor attend(int layer, Tensor query, Tensor key, Tensor value) {
    Tensor q = leaf(query);
    Tensor k = leaf(key);
    Tensor v = leaf(value);
    Tensor attended;
    try (AutoGradMode _ = new AutoGradMode(true)) {
      attended = inner.attend(layer, q, k, v);
    }
    ScalarType type = query.scalar_type().intern();
    tape.record(
        gradient -> {
          Pass.backward(attended, gradient.to(ScalarType.Float).view(attended.sizes()));
          return torch
              .cat(
                  new TensorVector(
                      q.grad().flatten(-2, -1), k.grad().flatten(-2, -1), v.grad().flatten(-2, -1)),
                  -1)
              .to(type)
              .flatten(0, 1)
              .unsqueeze(0);
        },
        q,
        k,
        v,
        attended);
    return attended.detach().to(type).flatten(0, 1).unsqueeze(0);
  }

  private Tensor leaf(Tensor heads) {
    long time = heads.size(1) / rows;
    return heads
        .to(ScalarType.Float)
        .view(rows, time, heads.size(2), heads.size(3))
        .detach()
        .set_requires_grad(true);
  }
}
