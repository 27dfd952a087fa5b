package dev.freshet.orchestrator;

import dev.freshet.rollouts.Group;
import dev.freshet.rollouts.JournalRecord;
import java.util.List;

/**
 * The groups of a batch, in the order of their dispatch.
 *
 * @param taken the batch with the policy version when its groups were chosen
 * @param stragglerMs how long it was complete and waited for groups that it would have made stale
 */
record TakenBatch(JournalRecord.Taken taken, List<Group> groups, double stragglerMs) {
  TakenBatch {
    groups = List.copyOf(groups);
  }

  /** The same after a wait. */
  TakenBatch waited(double ms) {
    return new TakenBatch(taken, groups, ms);
  }
}
