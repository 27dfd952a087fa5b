package dev.freshet.orchestrator;

import dev.freshet.rollouts.Advantage;
import dev.freshet.rollouts.Group;
import dev.freshet.rollouts.Rollout;
import java.util.List;

/**
 * Decides whether a group enters a batch: it needs a rollout that is not rejected, and rewards that
 * differ. Groups that do not are replaced by further ones, which is DAPO's dynamic sampling (arXiv
 * 2503.14476, equation 11). Used under the ledger's lock.
 */
final class GroupFilters {
  private static final int LIMIT_IN_BATCHES = 4;

  private final RolloutFilter rollouts;
  private final ZeroAdvantageFilter zeroAdvantage;
  private final DropCounts drops;
  private final int limit;
  private int rejectedInARow;

  GroupFilters(OrchestratorConfig config, Advantage advantage, DropCounts drops) {
    this.rollouts = config.rolloutFilter();
    this.zeroAdvantage =
        new ZeroAdvantageFilter(
            config.filterZeroAdvantage() && advantage.comparesWithinGroups(),
            config.groupsPerBatch());
    this.drops = drops;
    this.limit = LIMIT_IN_BATCHES * config.groupsPerBatch();
  }

  /**
   * Whether the group enters a batch; otherwise its rollouts are counted as dropped.
   *
   * @param number of the group in the order of dispatch
   * @throws OrchestratorException if no rollout of {@value #LIMIT_IN_BATCHES} batches' worth of
   *     groups in a row may be trained on
   */
  boolean keeps(long number, Group group) {
    List<Rollout> all =
        group.byAgent().stream().flatMap(agent -> agent.rollouts().stream()).toList();
    if (all.stream().allMatch(rollout -> rollouts.rejects(rollout).isPresent())) {
      for (Rollout rollout : all) {
        rollouts.rejects(rollout).ifPresent(why -> drops.add(why, List.of(rollout)));
      }
      requireSome(group);
      return false;
    }
    rejectedInARow = 0;
    boolean kept = zeroAdvantage.keeps(number, group);
    if (!kept) {
      drops.add(DropReason.ZERO_ADVANTAGE, group.rollouts());
    }
    return kept;
  }

  private void requireSome(Group group) {
    rejectedInARow++;
    if (rejectedInARow >= limit) {
      throw new OrchestratorException(
          "no rollout of %d groups in a row may be trained on (the last: %s): raise orchestrator.max_tokens, or switch off orchestrator.filter_overlong or orchestrator.filter_repetition"
              .formatted(
                  rejectedInARow,
                  rollouts.rejects(group.rollouts().getLast()).orElseThrow().wireName()));
    }
  }

  /**
   * A batch was taken.
   *
   * @param dispatched the number of the next group
   */
  void batchTaken(long dispatched) {
    zeroAdvantage.batchTaken(dispatched);
  }
}
