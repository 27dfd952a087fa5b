package dev.freshet.orchestrator;

import dev.freshet.rollouts.Group;
import dev.freshet.rollouts.JournalRecord;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
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
  private final int asyncLevel;
  private final List<Ready> ready = new ArrayList<>();

  /** The next batch, if an earlier process chose its groups. */
  private Optional<JournalRecord.Taken> chosen = Optional.empty();

  private long batchesTaken;

  /**
   * @param asyncLevel the most batches by which a group may be overtaken
   */
  ReadyGroups(int perBatch, int asyncLevel) {
    this.perBatch = perBatch;
    this.asyncLevel = asyncLevel;
  }

  /**
   * Continues after the batches that an earlier process took, and the groups that it chose next.
   */
  void resume(long batches, Optional<JournalRecord.Taken> next) {
    batchesTaken = batches;
    chosen = next;
  }

  long batchesTaken() {
    return batchesTaken;
  }

  /** Whether a group would exceed the staleness bound in the next batch. */
  boolean isStale(int dispatchVersion) {
    return batchesTaken - dispatchVersion > asyncLevel;
  }

  /** Whether the next batch is the last one that may have a group. */
  boolean isDue(int dispatchVersion) {
    return batchesTaken - dispatchVersion == asyncLevel;
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

  /** Takes the groups of the next batch, which is complete. */
  TakenBatch take(long policyVersion) {
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
                    batchesTaken + 1, policyVersion, batch.stream().map(Ready::number).toList()));
    chosen = Optional.empty();
    batchesTaken++;
    return new TakenBatch(taken, batch.stream().map(Ready::group).toList(), 0);
  }

  /** Removes the groups that are stale now, and returns them. */
  List<Ready> removeStale() {
    List<Ready> late =
        ready.stream().filter(next -> isStale(next.group().dispatchVersion())).toList();
    ready.removeAll(late);
    return late;
  }

  /** Removes all. Returns how many there were. */
  int clear() {
    int size = ready.size();
    ready.clear();
    return size;
  }
}
