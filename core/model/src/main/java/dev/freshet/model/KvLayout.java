package dev.freshet.model;

import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Where the keys and values of a block of {@link #BLOCK} tokens lie in memory: {@code [block,
 * layer, kvHead]}, each the keys and then the values of a head. Keys lie as {@code [headDim,
 * token]}, so that one vector holds a dimension of many tokens, and values as {@code [token,
 * paddedDim]}, so that one vector holds many dimensions of a token.
 *
 * @param paddedDim {@code headDim} rounded up to whole pairs of vectors; the rest is zero
 */
record KvLayout(FloatFormat format, int layers, int kvHeads, int headDim, int paddedDim) {
  /** Tokens in a block; a multiple of the lanes of every processor's vectors. */
  static final int BLOCK = 16;

  static KvLayout of(ModelConfig config, ScalarType type) {
    int pair = 2 * FloatFormat.LANES;
    return new KvLayout(
        FloatFormat.of(type),
        config.layers(),
        config.kvHeads(),
        config.headDim(),
        (config.headDim() + pair - 1) / pair * pair);
  }

  /** Bytes of all layers of a block. */
  long blockBytes() {
    return layers * layerBytes();
  }

  /** Bytes of one layer of a block. */
  private long layerBytes() {
    return kvHeads * headBytes();
  }

  /** Bytes of one head of a layer of a block. */
  private long headBytes() {
    return keyBytes() + (long) paddedDim * BLOCK * format.size();
  }

  /** Bytes of the keys of one head of a block. */
  private long keyBytes() {
    return (long) headDim * BLOCK * format.size();
  }

  /** The offset of a layer in the first block. */
  long layerOffset(int layer) {
    return layer * layerBytes();
  }

  /** The offset of a head's keys in a block from the same layer in the first block. */
  long keyOffset(int block, int kvHead) {
    return block * blockBytes() + kvHead * headBytes();
  }

  /** The offset of a head's values in a block from the same layer in the first block. */
  long valueOffset(int block, int kvHead) {
    return keyOffset(block, kvHead) + keyBytes();
  }

  /** Writes one token's key of a head. */
  void putKey(long layer, int block, int kvHead, int slot, float[] key) {
    long address = layer + keyOffset(block, kvHead) + (long) slot * format.size();
    for (int d = 0; d < headDim; d++) {
      format.put(address + (long) d * BLOCK * format.size(), key[d]);
    }
  }

  /** Copies one token's value of a head from {@code source}; the rest of its row becomes zero. */
  void putValue(long layer, int block, int kvHead, int slot, long source) {
    long address = layer + valueOffset(block, kvHead) + (long) slot * paddedDim * format.size();
    int whole = headDim - headDim % FloatFormat.LANES;
    for (int d = 0; d < whole; d += FloatFormat.LANES) {
      long offset = (long) d * format.size();
      format.store(address + offset, format.load(source + offset));
    }
    for (int d = whole; d < paddedDim; d++) {
      long offset = (long) d * format.size();
      format.put(address + offset, d < headDim ? format.get(source + offset) : 0);
    }
  }
}
