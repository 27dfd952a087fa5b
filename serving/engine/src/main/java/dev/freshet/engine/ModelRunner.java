package dev.freshet.engine;

import java.util.List;

/**
 * Computes tokens. It holds the serving weights and the keys and values of all KV blocks. Confined
 * to the decode loop's thread.
 */
interface ModelRunner<W extends PolicyWeights> extends BlockTable.Copy, AutoCloseable {
  /** The version of the serving weights. */
  long version();

  /** Makes {@code next} the serving weights; returns the weights it no longer reads. */
  W swap(W next);

  /** Nanoseconds until the next token of running completions is due; 0 or less for at once. */
  default long waitNanos() {
    return 0;
  }

  /**
   * Computes the chunks in one batch. A chunk may read blocks that an earlier one of the batch
   * writes. Returns the next token of each sequence whose chunk {@linkplain Chunk#isLast is its
   * last}, in order.
   */
  List<Sampler.Sample> step(List<Chunk> chunks);

  /** Whether the tokens that it computes are as the constraints of the requests demand. */
  default boolean obeysConstraints() {
    return true;
  }

  /** Copies the first {@code tokens} tokens of a block into another one. */
  @Override
  void copyBlock(int from, int to, int tokens);

  /** Nanoseconds spent in linear layers so far; 0 if the runner does not measure it. */
  default long linearNanos() {
    return 0;
  }

  @Override
  void close();
}
