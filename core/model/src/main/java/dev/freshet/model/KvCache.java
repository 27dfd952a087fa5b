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
 * The KV cache of the sequences being generated, one slot a sequence. The slots of sequences that
 * decode are 0 to n − 1, so a decode step reads them as one view without copying.
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
    Rotation rotation = Rotation.of(config, positions, type);
    return (layer, query, unrotated, value) -> {
      Tensor key = rotation.apply(unrotated);
      long sequences = query.size(0);
      long time = query.size(1);
      keys.get(layer).narrow(0, first, sequences).narrow(1, 0, time).copy_(key);
      values.get(layer).narrow(0, first, sequences).narrow(1, 0, time).copy_(value);
      return Attention.scaledDotProduct(rotation.apply(query), key, value, mask(masks, layer));
    };
  }

  /**
   * Attention of the next tokens of one sequence, in a slot that holds its tokens before them. It
   * also appends them to the slot. Memory is proportional to the new tokens times the length so
   * far.
   *
   * @param positions {@code [1, time]}, from {@code start} on without gaps
   */
  public Attention extend(int slot, int start, Tensor positions) {
    long time = positions.size(1);
    long length = start + time;
    Map<OptionalInt, Tensor> masks = masks(positions.unsqueeze(2), keyPositions(length));
    Rotation rotation = Rotation.of(config, positions, type);
    return (layer, query, key, value) ->
        Attention.scaledDotProduct(
            rotation.apply(query),
            extended(keys.get(layer), slot, start, rotation.apply(key)).narrow(1, 0, length),
            extended(values.get(layer), slot, start, value).narrow(1, 0, length),
            mask(masks, layer));
  }

  /** Writes {@code fresh} into a slot from position {@code start} on; returns the slot. */
  private static Tensor extended(Tensor cache, int slot, int start, Tensor fresh) {
    Tensor row = cache.narrow(0, slot, 1);
    row.narrow(1, start, fresh.size(1)).copy_(fresh);
    return row;
  }

  /** Positions 0 to {@code length} − 1, {@code [1, 1, length]}. */
  private static Tensor keyPositions(long length) {
    return torch.arange(new Scalar(length), Torch.options(ScalarType.Long)).view(1, 1, length);
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
    Map<OptionalInt, Tensor> masks =
        masks(Torch.longs(positions, slots, 1, 1), keyPositions(length));
    Rotation rotation = Rotation.of(config, Torch.longs(positions, slots, 1), type);
    return (layer, query, key, value) ->
        Attention.scaledDotProduct(
            rotation.apply(query),
            append(keys.get(layer), index, rotation.apply(key))
                .narrow(0, 0, slots)
                .narrow(1, 0, length),
            append(values.get(layer), index, value).narrow(0, 0, slots).narrow(1, 0, length),
            mask(masks, layer));
  }

  /** Copies the first {@code length} tokens of a slot into another one, over what it held. */
  public void move(int from, int to, int length) {
    if (from == to) {
      return;
    }
    for (int layer = 0; layer < config.layers(); layer++) {
      move(keys.get(layer), from, to, length);
      move(values.get(layer), from, to, length);
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
        .index_copy_(0, index, fresh.reshape(slots, config.kvHeads(), config.headDim()));
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
