package dev.freshet.model;

import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Where the keys and values of a block of {@link #BLOCK} tokens lie in one layer's memory. Keys lie
 * as {@code [block, kvHead, headDim, token]}, so that one vector holds a dimension of many tokens,
 * and values as {@code [block, kvHead, token, paddedDim]}, so that one vector holds many dimensions
 * of a token.
 *
 * @param paddedDim {@code headDim} rounded up to whole pairs of vectors; the rest is zero
 */
record KvLayout(FloatFormat format, int kvHeads, int headDim, int paddedDim) {
  /** Tokens in a block; a multiple of the lanes of every processor's vectors. */
  static final int BLOCK = 16;

  static KvLayout of(ModelConfig config, ScalarType type) {
    int pair = 2 * FloatFormat.LANES;
    return new KvLayout(
        FloatFormat.of(type),
        config.kvHeads(),
        config.headDim(),
        (config.headDim() + pair - 1) / pair * pair);
  }

  /** The offset of a head's keys in a block. */
  long keyOffset(int block, int kvHead) {
    return ((long) block * kvHeads + kvHead) * headDim * BLOCK * format.size();
  }

  /** The offset of a head's values in a block. */
  long valueOffset(int block, int kvHead) {
    return ((long) block * kvHeads + kvHead) * paddedDim * BLOCK * format.size();
  }

  /** Bytes of the keys of one layer in {@code blocks} blocks. */
  long keyBytes(long blocks) {
    return blocks * kvHeads * headDim * BLOCK * format.size();
  }

  /** Bytes of the values of one layer in {@code blocks} blocks. */
  long valueBytes(long blocks) {
    return blocks * kvHeads * paddedDim * BLOCK * format.size();
  }

  /** Writes one token's key of a head. */
  void putKey(long keys, int block, int kvHead, int slot, float[] key) {
    long address = keys + keyOffset(block, kvHead) + (long) slot * format.size();
    for (int d = 0; d < headDim; d++) {
      format.put(address + (long) d * BLOCK * format.size(), key[d]);
    }
  }

  /** Copies one token's value of a head from {@code source}; the rest of its row becomes zero. */
  void putValue(long values, int block, int kvHead, int slot, long source) {
    long address = values + valueOffset(block, kvHead) + (long) slot * paddedDim * format.size();
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
