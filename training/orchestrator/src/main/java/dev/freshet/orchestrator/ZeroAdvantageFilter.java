package dev.freshet.orchestrator;

import dev.freshet.rollouts.Advantage;
import dev.freshet.rollouts.Group;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Filters out groups whose rewards are equal ({@link Advantage#equalRewards}): they teach nothing.
 * At most {@value #LIMIT_IN_BATCHES} batches' worth of groups are filtered between two batches;
 * further ones are kept, so that a run whose policy no longer improves still ends. Used under the
 * ledger's lock.
 */
final class ZeroAdvantageFilter {
  private static final Logger LOG = LoggerFactory.getLogger(ZeroAdvantageFilter.class);
  private static final int LIMIT_IN_BATCHES = 4;

  private final boolean enabled;
  private final int limit;
  private int filtered;
  private boolean warned;

  ZeroAdvantageFilter(boolean enabled, int groupsPerBatch) {
    this.enabled = enabled;
    this.limit = LIMIT_IN_BATCHES * groupsPerBatch;
  }

  boolean keeps(Group group) {
    if (!enabled || !Advantage.equalRewards(group)) {
      return true;
    }
    if (filtered < limit) {
      filtered++;
      return false;
    }
    if (!warned) {
      warned = true;
      LOG.warn(
          "{} groups of equal rewards were filtered before this batch (mean reward of the last: {});"
              + " further ones are kept",
          filtered,
          String.format(Locale.ROOT, "%.3f", group.meanReward()));
    }
    return true;
  }

  /** A batch was taken: the count restarts. */
  void batchTaken() {
    filtered = 0;
    warned = false;
  }
}
