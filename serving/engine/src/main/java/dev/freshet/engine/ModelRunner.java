package dev.freshet.engine;

import java.util.List;
import java.util.Optional;

/**
 * Computes tokens. It holds the serving weights and the cache of every running sequence, each in a
 * slot. Confined to the decode loop's thread.
 */
interface ModelRunner<W extends PolicyWeights> extends AutoCloseable {
  /** The version of the serving weights. */
  long version();

  /** Makes {@code next} the serving weights; returns the weights it no longer reads. */
  W swap(W next);

  /** Prefills {@code fresh} into the slots from {@code first} on; returns a token for each. */
  List<Sampler.Sample> prefill(List<Sequence> fresh, int first);

  /**
   * Prefills at most {@code tokens} further tokens of one prompt in its slot; returns a token once
   * the prompt is complete.
   */
  Optional<Sampler.Sample> extend(Sequence sequence, int slot, int tokens);

  /** Nanoseconds until the next decode step is due; 0 or less for at once. */
  default long waitNanos() {
    return 0;
  }

  /** Returns the next token of every running sequence; sequence i is in slot i. */
  List<Sampler.Sample> decode(List<Sequence> running);

  /** Rebuilds the cache of every running sequence under the serving weights. */
  void recompute(List<Sequence> running);

  /** Copies the cache of a sequence, {@code length} tokens, from one slot to another. */
  void move(int from, int to, int length);

  /** Clears the slot of a sequence that failed or left before its prompt was complete. */
  void clear(int slot);

  @Override
  void close();
}
