package dev.freshet.model;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * The attention of a layer's queries to the keys of their own sequence or of a cache. It also
 * applies the rotary embedding, since it knows the tokens' positions.
 */
@FunctionalInterface
public interface Attention {
  /**
   * The attention output of one layer.
   *
   * @param layer the layer's index
   * @param query {@code [batch, time, heads, headDim]}, not rotated
   * @param key {@code [batch, time, kvHeads, headDim]}, not rotated
   * @param value {@code [batch, time, kvHeads, headDim]}
   * @return {@code [batch, time, heads, headDim]}
   */
  Tensor attend(int layer, Tensor query, Tensor key, Tensor value);

  /**
   * Scaled dot-product attention with grouped heads. The heads that share a key become additional
   * rows of one query, so keys and values are read in place and not repeated.
   *
   * @param query {@code [batch, time, heads, headDim]}
   * @param key {@code [batch, length, kvHeads, headDim]}
   * @param value {@code [batch, length, kvHeads, headDim]}
   * @param mask {@code [batch or 1, 1, time, length]}, added to the scores: 0 or −∞
   * @param scale the factor on the scores
   * @return {@code [batch, time, heads, headDim]}
   */
  static Tensor scaledDotProduct(
      Tensor query, Tensor key, Tensor value, Tensor mask, double scale) {
    long batch = query.size(0);
    long time = query.size(1);
    long heads = query.size(2);
    long headDim = query.size(3);
    long kvHeads = key.size(2);
    long group = heads / kvHeads;
    Tensor rows =
        query
            .reshape(batch, time, kvHeads, group, headDim)
            .permute(0, 2, 3, 1, 4)
            .reshape(batch, kvHeads, group * time, headDim);
    Tensor rowMask =
        group == 1
            ? mask
            : mask.unsqueeze(2)
                .expand(mask.size(0), 1, group, time, mask.size(3))
                .reshape(mask.size(0), 1, group * time, mask.size(3));
    Tensor attended =
        torch.scaled_dot_product_attention(
            rows,
            key.transpose(1, 2),
            value.transpose(1, 2),
            new TensorOptional(rowMask),
            0.0,
            false,
            new DoubleOptional(scale),
            false);
    return attended
        .view(batch, kvHeads, group, time, headDim)
        .permute(0, 3, 1, 2, 4)
        .reshape(batch, time, heads, headDim);
  }
}
