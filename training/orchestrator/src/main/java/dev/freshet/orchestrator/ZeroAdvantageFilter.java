package dev.freshet.orchestrator;

import dev.freshet.rollouts.Advantage;
import dev.freshet.rollouts.Group;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Filters out groups whose rewards are equal ({@link Advantage#equalRewards}), those of each agent
 * with each other: they teach nothing. Of the groups dispatched after a batch was taken, those
 * after the first {@value #LIMIT_IN_BATCHES} batches' worth are kept, so that a run whose policy no
 * longer improves still ends. The number of a group decides, not when it ended, so that with async
 * level 0 the batches do not depend on which group ended first. Used under the ledger's lock.
 */
final class ZeroAdvantageFilter {
  private static final Logger LOG = LoggerFactory.getLogger(ZeroAdvantageFilter.class);
  private static final int LIMIT_IN_BATCHES = 4;

  private final boolean enabled;
  private final int limit;

  /** Groups from this number on are kept. */
  private long keptFrom;

  private boolean warned;

  ZeroAdvantageFilter(boolean enabled, int groupsPerBatch) {
    this.enabled = enabled;
    this.limit = LIMIT_IN_BATCHES * groupsPerBatch;
    this.keptFrom = limit;
  }

  /**
   * @param number of the group in the order of dispatch
   */
  boolean keeps(long number, Group group) {
    if (!enabled || !group.byAgent().stream().allMatch(Advantage::equalRewards)) {
      return true;
    }
    if (number < keptFrom) {
      return false;
    }
    if (!warned) {
      warned = true;
      LOG.warn(
          "{} groups were dispatched since the last batch, and it is not full: further ones of equal"
              + " rewards are kept (mean reward of this one: {})",
          limit,
          String.format(Locale.ROOT, "%.3f", group.meanReward()));
    }
    return true;
  }

  /**
   * A batch was taken.
   *
   * @param dispatched the number of the next group
   */
  void batchTaken(long dispatched) {
    keptFrom = dispatched + limit;
    warned = false;
  }
}
