package dev.freshet.engine;

import java.util.List;

/**
 * Makes the tokens: holds the serving weights and what is remembered of every running sequence, in
 * slots 0 to n − 1. Belongs to the decode loop's thread.
 */
interface ModelRunner<W extends PolicyWeights> extends AutoCloseable {
  /** The version of the weights that make the next token. */
  long version();

  /** Generates with {@code next} from now on; returns the weights it no longer reads. */
  W exchange(W next);

  /** Takes in the prompts of {@code fresh} into the slots from {@code first} on; a token each. */
  List<Sampler.Sample> prefill(List<Sequence> fresh, int first);

  /** Nanoseconds until the next decode step may be taken; 0 or less for at once. */
  default long waitNanos() {
    return 0;
  }

  /** The next token of every running sequence; sequence i is that of slot i. */
  List<Sampler.Sample> decode(List<Sequence> running);

  /** Builds anew, under the serving weights, what is remembered of every running sequence. */
  void recompute(List<Sequence> running);

  /** Empties a slot into which the last one moves, with what is remembered of its first tokens. */
  void release(int slot, int last, int length);

  /** Wipes what a failed sequence left in its slot. */
  void clear(int slot);

  @Override
  void close();
}
