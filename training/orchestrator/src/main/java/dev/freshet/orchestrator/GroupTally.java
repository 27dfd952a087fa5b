package dev.freshet.orchestrator;

import dev.freshet.rollouts.JournalRecord;
import dev.freshet.rollouts.JournaledRun;
import dev.freshet.rollouts.Rollout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Counts groups by what became of them. Used under the ledger's lock. */
final class GroupTally {
  private final int groupsPerBatch;
  private final DropCounts drops;

  /** The numbers of groups that are needed no more, since the last {@link #settle}. */
  private final List<Long> ended = new ArrayList<>();

  private long dispatched;
  private long packed;
  private long filtered;
  private long stale;
  private long failed;
  private long stopped;

  /**
   * The counts of all groups.
   *
   * @param ended the numbers of groups that are needed no more
   */
  record Settled(GroupCounts counts, List<Long> ended) {
    /**
     * The record that the batch of {@code step} is handed over.
     *
     * @param curricula after the outcomes of the groups that have ended
     */
    JournalRecord.Handed handed(long step, Map<String, JournalRecord.Levels> curricula) {
      return new JournalRecord.Handed(
          step,
          counts.dispatched(),
          counts.filtered(),
          counts.stale(),
          counts.failed(),
          ended,
          curricula);
    }
  }

  /**
   * @param drops counts the rollouts of groups that are dropped because they are stale
   */
  GroupTally(int groupsPerBatch, DropCounts drops) {
    this.groupsPerBatch = groupsPerBatch;
    this.drops = drops;
  }

  /** Continues the counts of an earlier process, whose open groups are dispatched again. */
  void resume(JournaledRun earlier) {
    JournalRecord.Handed counts = earlier.handed();
    dispatched = earlier.dispatched() - earlier.groups().size();
    packed = counts.step() * groupsPerBatch;
    filtered = counts.filtered();
    stale = counts.stale();
    failed = counts.failed();
  }

  void addDispatched() {
    dispatched++;
  }

  /** The groups dispatched so far. */
  long dispatched() {
    return dispatched;
  }

  void addPacked(List<Long> numbers) {
    packed += numbers.size();
    ended.addAll(numbers);
  }

  void addFiltered(long number) {
    filtered++;
    ended.add(number);
  }

  /**
   * @param rollouts those that had ended
   * @param unfinished how many had not
   */
  void addStale(long number, List<Rollout> rollouts, int unfinished) {
    stale++;
    ended.add(number);
    drops.add(DropReason.STALE, rollouts);
    drops.addUnfinished(unfinished);
  }

  void addFailed(long number) {
    failed++;
    ended.add(number);
  }

  void addStopped(int groups) {
    stopped += groups;
  }

  GroupCounts counts(int inFlight, int ready) {
    return new GroupCounts(dispatched, packed, filtered, stale, failed, stopped, inFlight, ready);
  }

  /** The counts with the groups that have ended since the call before. */
  Settled settle(int inFlight, int ready) {
    Settled settled = new Settled(counts(inFlight, ready), List.copyOf(ended));
    ended.clear();
    return settled;
  }
}
