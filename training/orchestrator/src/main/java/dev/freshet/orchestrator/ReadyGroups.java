package dev.freshet.orchestrator;

import dev.freshet.rollouts.Group;
import dev.freshet.rollouts.JournalRecord;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The groups that wait for a batch. A batch has those that were ready first, in the order of their
 * dispatch, so that it does not depend on which of them was ready first. Used under the ledger's
 * lock.
 */
final class ReadyGroups {
  /** A group with its number in the order of dispatch. */
  record Ready(long number, Group group) {}

  private final int perBatch;
  private final List<Ready> ready = new ArrayList<>();

  /** The next batch, if an earlier process chose its groups. */
  private Optional<JournalRecord.Taken> chosen = Optional.empty();

  ReadyGroups(int perBatch) {
    this.perBatch = perBatch;
  }

  /** The next batch has the groups that an earlier process chose. */
  void choose(JournalRecord.Taken batch) {
    chosen = Optional.of(batch);
  }

  /** Whether the group is in a batch already, so that nothing filters it any more. */
  boolean isChosen(long number) {
    return chosen.filter(batch -> batch.groups().contains(number)).isPresent();
  }

  void add(long number, Group group) {
    ready.add(new Ready(number, group));
  }

  int size() {
    return ready.size();
  }

  /** Whether the next batch has all its groups. */
  boolean hasBatch() {
    return next().size() == perBatch;
  }

  private List<Ready> next() {
    return ready.stream()
        .filter(group -> chosen.isEmpty() || isChosen(group.number()))
        .limit(perBatch)
        .sorted(Comparator.comparingLong(Ready::number))
        .toList();
  }

  /** Takes the groups of the batch of {@code step}; empty as long as there are too few. */
  Optional<TakenBatch> take(long step, long policyVersion) {
    List<Ready> batch = next();
    if (batch.size() < perBatch) {
      return Optional.empty();
    }
    ready.removeAll(batch);
    JournalRecord.Taken taken =
        chosen.orElseGet(
            () ->
                new JournalRecord.Taken(
                    step, policyVersion, batch.stream().map(Ready::number).toList()));
    chosen = Optional.empty();
    return Optional.of(new TakenBatch(taken, batch.stream().map(Ready::group).toList()));
  }

  /** Removes the groups that meet a condition, and returns them. */
  List<Ready> remove(Predicate<Group> condition) {
    List<Ready> removed = ready.stream().filter(next -> condition.test(next.group())).toList();
    ready.removeAll(removed);
    return removed;
  }

  /** Removes all. Returns how many there were. */
  int clear() {
    int size = ready.size();
    ready.clear();
    return size;
  }
}
