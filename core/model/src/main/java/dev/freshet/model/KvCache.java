package dev.freshet.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The KV cache of the sequences being generated, one slot a sequence. The slots in use are 0 to n −
 * 1, so a decode step reads them as one view without copying.
 *
 * <p>Belongs to one thread at a time.
 */
public final class KvCache implements AutoCloseable {
  private final ModelConfig config;
  private final ScalarType type;
  private final int maxLength;
  private final List<Tensor> keys = new ArrayList<>();
  private final List<Tensor> values = new ArrayList<>();

  /**
   * A cache for {@code slots} sequences of up to {@code maxLength} tokens. It has two tensors a
   * layer, for keys and values, of shape {@code [slots, maxLength, kvHeads, headDim]}.
   */
  public KvCache(ModelConfig config, int slots, int maxLength, ScalarType type) {
    this.config = config;
    this.type = type;
    this.maxLength = maxLength;
    long[] shape = {slots, maxLength, config.kvHeads(), config.headDim()};
    try (PointerScope _ = new PointerScope()) {
      for (int layer = 0; layer < config.layers(); layer++) {
        // Zeros: a masked position has weight 0, and 0 times a NaN in uninitialized memory is NaN.
        keys.add(torch.zeros(shape, Torch.options(type)));
        values.add(torch.zeros(shape, Torch.options(type)));
      }
      keys.forEach(Tensor::retainReference);
      values.forEach(Tensor::retainReference);
    }
  }

  /**
   * Attention of new sequences to themselves. It also fills the slots {@code first}, {@code first +
   * 1}, … from position 0.
   *
   * @param positions {@code [sequences, time]}; sequences shorter than {@code time} are padded at
   *     their end
   */
  public Attention prefill(int first, Tensor positions) {
    Map<OptionalInt, Tensor> masks = masks(positions.unsqueeze(2), positions.unsqueeze(1));
    return (layer, query, key, value) -> {
      long sequences = query.size(0);
      long time = query.size(1);
      keys.get(layer).narrow(0, first, sequences).narrow(1, 0, time).copy_(key);
      values.get(layer).narrow(0, first, sequences).narrow(1, 0, time).copy_(value);
      return Attention.scaledDotProduct(query, key, value, mask(masks, layer));
    };
  }

  /**
   * Attention of one new token in each of the slots 0 to n − 1. It also appends the tokens to the
   * slots.
   *
   * @param positions the position of each slot's token, {@code [n]}
   */
  public Attention decode(long[] positions) {
    int slots = positions.length;
    long[] rows = new long[slots];
    long longest = 0;
    for (int slot = 0; slot < slots; slot++) {
      rows[slot] = (long) slot * maxLength + positions[slot];
      longest = Math.max(longest, positions[slot] + 1);
    }
    long length = longest;
    Tensor index = Torch.longs(rows, slots);
    Tensor keyPositions =
        torch.arange(new Scalar(length), Torch.options(ScalarType.Long)).view(1, 1, length);
    Map<OptionalInt, Tensor> masks = masks(Torch.longs(positions, slots, 1, 1), keyPositions);
    return (layer, query, key, value) ->
        Attention.scaledDotProduct(
            query,
            append(keys.get(layer), index, key).narrow(0, 0, slots).narrow(1, 0, length),
            append(values.get(layer), index, value).narrow(0, 0, slots).narrow(1, 0, length),
            mask(masks, layer));
  }

  /**
   * Releases a slot. The first {@code length} tokens of the last used slot, {@code last}, move into
   * it.
   */
  public void release(int slot, int last, int length) {
    if (slot == last) {
      return;
    }
    for (int layer = 0; layer < config.layers(); layer++) {
      move(keys.get(layer), last, slot, length);
      move(values.get(layer), last, slot, length);
    }
  }

  /**
   * Zeroes a slot whose keys or values are not finite. Even masked, they would make the attention
   * of the next sequence in the slot NaN.
   */
  public void clear(int slot) {
    try (PointerScope _ = new PointerScope()) {
      for (int layer = 0; layer < config.layers(); layer++) {
        keys.get(layer).select(0, slot).zero_();
        values.get(layer).select(0, slot).zero_();
      }
    }
  }

  private static void move(Tensor cache, int from, int to, int length) {
    cache.select(0, to).narrow(0, 0, length).copy_(cache.select(0, from).narrow(0, 0, length));
  }

  private Tensor append(Tensor cache, Tensor index, Tensor fresh) {
    long slots = fresh.size(0);
    cache
        .view(-1, config.kvHeads(), config.headDim())
        .index_copy_(0, index, fresh.view(slots, config.kvHeads(), config.headDim()));
    return cache;
  }

  private Map<OptionalInt, Tensor> masks(Tensor queryPositions, Tensor keyPositions) {
    Map<OptionalInt, Tensor> masks = new HashMap<>();
    config.windows().stream()
        .distinct()
        .forEach(
            window -> masks.put(window, Masks.causal(queryPositions, keyPositions, window, type)));
    return masks;
  }

  private Tensor mask(Map<OptionalInt, Tensor> masks, int layer) {
    return Objects.requireNonNull(masks.get(config.windows().get(layer)));
  }

  @Override
  public void close() {
    keys.forEach(Tensor::close);
    values.forEach(Tensor::close);
  }
}
