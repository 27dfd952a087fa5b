package dev.freshet.engine;

import java.util.List;

/**
 * Computes tokens. It holds the serving weights and the cache of every running sequence, in slots 0
 * to n − 1. Confined to the decode loop's thread.
 */
interface ModelRunner<W extends PolicyWeights> extends AutoCloseable {
  /** The version of the serving weights. */
  long version();

  /** Makes {@code next} the serving weights; returns the weights it no longer reads. */
  W swap(W next);

  /** Prefills {@code fresh} into the slots from {@code first} on; returns a token for each. */
  List<Sampler.Sample> prefill(List<Sequence> fresh, int first);

  /** Nanoseconds until the next decode step is due; 0 or less for at once. */
  default long waitNanos() {
    return 0;
  }

  /** Returns the next token of every running sequence; sequence i is in slot i. */
  List<Sampler.Sample> decode(List<Sequence> running);

  /** Rebuilds the cache of every running sequence under the serving weights. */
  void recompute(List<Sequence> running);

  /** Frees a slot by moving the cache of slot {@code last}, {@code length} tokens, into it. */
  void release(int slot, int last, int length);

  /** Clears the slot of a failed sequence. */
  void clear(int slot);

  @Override
  void close();
}
