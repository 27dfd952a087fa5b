package dev.freshet.engine;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sequences that have begun and not ended, in the order in which they are served. Those that
 * are admitted hold a place and KV blocks; the others have lost theirs and wait to be rebuilt.
 * Confined to the loop's thread.
 */
final class Running {
  private static final Logger LOG = LoggerFactory.getLogger(Running.class);

  private final KvBlocks blocks;
  private final int places;
  private final List<Sequence> sequences = new ArrayList<>();
  private final List<Sequence> view = Collections.unmodifiableList(sequences);
  private int admitted;

  /**
   * @param places the most sequences that are admitted at once
   */
  Running(KvBlocks blocks, int places) {
    this.blocks = blocks;
    this.places = places;
  }

  /** All of them. */
  List<Sequence> all() {
    return view;
  }

  int size() {
    return sequences.size();
  }

  boolean isEmpty() {
    return sequences.isEmpty();
  }

  /** How many more sequences may be admitted. */
  int freePlaces() {
    return places - admitted;
  }

  /** Adds a sequence that has just been admitted at its place in the order. */
  void add(int index, Sequence sequence) {
    sequences.add(index, sequence);
  }

  /** Gives a sequence a place. */
  void admit(Sequence sequence) {
    sequence.admitted();
    admitted++;
  }

  /**
   * Takes place and blocks from the last admitted sequence after {@code index}, which keeps its
   * tokens and is rebuilt later. Returns false if there is none.
   */
  boolean preemptAfter(int index) {
    for (int i = sequences.size() - 1; i > index; i--) {
      if (sequences.get(i).isAdmitted()) {
        withdraw(sequences.get(i));
        return true;
      }
    }
    return false;
  }

  /** Takes place and blocks from a sequence. */
  void withdraw(Sequence sequence) {
    sequence.table().release(blocks);
    if (sequence.isAdmitted()) {
      admitted--;
    }
    sequence.withdrawn();
  }

  /** Takes places and blocks from all, so that their keys and values are computed again. */
  void withdrawAll() {
    sequences.forEach(this::withdraw);
  }

  /** From now on no blocks are indexed that hold keys and values of the version until now. */
  void newVersion() {
    sequences.stream()
        .filter(sequence -> sequence.computed() > 0)
        .forEach(sequence -> sequence.table().mixed());
  }

  /** Removes the sequences that are as {@code leaves} says, whose ends must be queued. */
  void remove(Predicate<Sequence> leaves) {
    sequences.removeIf(
        sequence -> {
          boolean left = leaves.test(sequence);
          if (left) {
            requireAnswered(sequence);
            withdraw(sequence);
          }
          return left;
        });
  }

  /** A sequence leaves only once its end is queued or nobody waits for it. */
  private static void requireAnswered(Sequence sequence) {
    if (!sequence.isAnswered()) {
      LOG.error("a completion leaves the engine without an end: {}", sequence);
      assert false : "a completion leaves the engine without an end";
    }
  }
}
