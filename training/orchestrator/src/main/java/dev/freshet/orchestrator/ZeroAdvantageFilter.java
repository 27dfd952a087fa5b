package dev.freshet.orchestrator;

import dev.freshet.rollouts.Group;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Leaves out groups whose rewards are all equal: they teach nothing. So that a policy that has
 * nothing more to learn, or learns nothing, does not generate for ever, it leaves out at most
 * {@code limit} groups a batch and then keeps them. Used under the ledger's lock.
 */
final class ZeroAdvantageFilter {
  private static final Logger LOG = LoggerFactory.getLogger(ZeroAdvantageFilter.class);
  private static final int LIMIT_IN_BATCHES = 4;

  private final boolean enabled;
  private final int limit;
  private int leftOut;
  private boolean warned;

  ZeroAdvantageFilter(boolean enabled, int groupsPerBatch) {
    this.enabled = enabled;
    this.limit = LIMIT_IN_BATCHES * groupsPerBatch;
  }

  boolean keeps(Group group) {
    if (!enabled || !group.zeroAdvantage()) {
      return true;
    }
    if (leftOut < limit) {
      leftOut++;
      return false;
    }
    if (!warned) {
      warned = true;
      LOG.warn(
          "{} groups of equal rewards were left out of this batch (the last: mean reward {}):"
              + " further ones are kept",
          leftOut,
          group.meanReward());
    }
    return true;
  }

  /** A batch was taken: the count begins anew. */
  void batchTaken() {
    leftOut = 0;
    warned = false;
  }
}
