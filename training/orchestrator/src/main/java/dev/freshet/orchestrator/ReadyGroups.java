package dev.freshet.orchestrator;

import dev.freshet.rollouts.Group;
import dev.freshet.rollouts.JournalRecord;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The groups that wait for a batch. A batch has those of the oldest policy versions, which no later
 * batch may have, and of the newest of these versions those that were ready first; they are in the
 * order of their dispatch, so that a batch does not depend on which of them was ready first. Used
 * under the ledger's lock.
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

  /** Whether an earlier process chose the groups of the next batch. */
  boolean chosen() {
    return chosen.isPresent();
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

  private Stream<Ready> permitted() {
    return ready.stream().filter(group -> chosen.isEmpty() || isChosen(group.number()));
  }

  /** Whether there are enough groups for the next batch. */
  boolean complete() {
    return permitted().count() >= perBatch;
  }

  /** Takes the groups of the batch of {@code step}, which is complete. */
  TakenBatch take(long step, long policyVersion) {
    List<Ready> batch =
        permitted()
            .sorted(Comparator.comparingInt(group -> group.group().dispatchVersion()))
            .limit(perBatch)
            .sorted(Comparator.comparingLong(Ready::number))
            .toList();
    ready.removeAll(batch);
    JournalRecord.Taken taken =
        chosen.orElseGet(
            () ->
                new JournalRecord.Taken(
                    step, policyVersion, batch.stream().map(Ready::number).toList()));
    chosen = Optional.empty();
    return new TakenBatch(taken, batch.stream().map(Ready::group).toList(), 0);
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
