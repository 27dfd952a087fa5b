package dev.freshet.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sequences that the decode loop has admitted, and their slots in the runner. Those that decode
 * are in the slots 0 to n − 1, without gaps. At most one sequence, whose prompt is longer than a
 * step's, is prefilled in parts; it is in the last slot until its prompt is complete. Confined to
 * the loop's thread.
 */
final class Slots {
  private static final Logger LOG = LoggerFactory.getLogger(Slots.class);

  private final ModelRunner<?> runner;
  private final int last;
  private final List<Sequence> decoding = new ArrayList<>();
  private Optional<Sequence> partial = Optional.empty();

  Slots(ModelRunner<?> runner, int count) {
    this.runner = runner;
    this.last = count - 1;
  }

  /** The number of sequences. */
  int size() {
    return decoding.size() + (partial.isPresent() ? 1 : 0);
  }

  boolean isEmpty() {
    return size() == 0;
  }

  /** How many more sequences may be admitted. */
  int free() {
    return last + 1 - size();
  }

  /** The sequences that decode; sequence i is in slot i. */
  List<Sequence> decoding() {
    return decoding;
  }

  /** The sequence whose prompt is being prefilled in parts. */
  Optional<Sequence> partial() {
    return partial;
  }

  /** The slot of the sequence whose prompt is being prefilled in parts. */
  int partialSlot() {
    return last;
  }

  /** Admits sequences into the slots from {@code decoding().size()} on. */
  void add(List<Sequence> sequences) {
    decoding.addAll(sequences);
  }

  /** Admits a sequence whose prompt will be prefilled in parts. There is no other one. */
  void addPartial(Sequence sequence) {
    partial = Optional.of(sequence);
  }

  /** Makes the sequence whose prompt is complete now one of those that decode. */
  void completePartial() {
    Sequence complete = partial.orElseThrow();
    partial = Optional.empty();
    runner.move(last, decoding.size(), complete.cached());
    decoding.add(complete);
  }

  /** Frees the slot of a sequence that decodes; the last one that decodes moves into it. */
  void remove(int slot) {
    requireAnswered(decoding.get(slot));
    Sequence moved = decoding.removeLast();
    if (slot < decoding.size()) {
      runner.move(decoding.size(), slot, moved.cached());
      decoding.set(slot, moved);
    }
  }

  /**
   * Frees the slot of a sequence that decodes and may have left values that are not finite, there
   * and in the slot where its prompt was prefilled in parts.
   */
  void removeFailed(int slot) {
    runner.clear(slot);
    remove(slot);
    if (partial.isEmpty()) {
      runner.clear(last);
    }
  }

  /** Frees the slot of the sequence whose prompt is being prefilled in parts, if there is one. */
  void removePartial() {
    if (partial.isPresent()) {
      requireAnswered(partial.get());
      partial = Optional.empty();
      runner.clear(last);
    }
  }

  void removeCancelled() {
    for (int slot = decoding.size() - 1; slot >= 0; slot--) {
      if (decoding.get(slot).cancelled()) {
        remove(slot);
      }
    }
    if (partial.filter(Sequence::cancelled).isPresent()) {
      removePartial();
    }
  }

  /** All admitted sequences. */
  List<Sequence> all() {
    List<Sequence> all = new ArrayList<>(decoding);
    partial.ifPresent(all::add);
    return all;
  }

  /** Frees all slots. */
  void removeAll() {
    decoding.forEach(Slots::requireAnswered);
    decoding.clear();
    removePartial();
  }

  /** A sequence leaves its slot only once its end is queued or nobody waits for it. */
  private static void requireAnswered(Sequence sequence) {
    if (!sequence.isAnswered()) {
      LOG.error("a completion leaves its slot without an end: {}", sequence);
      assert false : "a completion leaves its slot without an end";
    }
  }

  /**
   * Rebuilds the cache of the sequences that decode under the serving weights; a prompt that is
   * prefilled in parts begins again.
   */
  void recompute() {
    removeCancelled();
    partial.ifPresent(sequence -> sequence.cached(0));
    if (!decoding.isEmpty()) {
      runner.recompute(decoding);
    }
  }
}
