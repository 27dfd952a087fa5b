package dev.freshet.orchestrator;

import dev.freshet.rollouts.Group;
import dev.freshet.rollouts.JournalRecord;
import java.util.List;

/**
 * The groups of a batch, in the order of their dispatch.
 *
 * @param taken the batch with the policy version when its groups were chosen
 */
record TakenBatch(JournalRecord.Taken taken, List<Group> groups) {
  TakenBatch {
    groups = List.copyOf(groups);
  }
}
