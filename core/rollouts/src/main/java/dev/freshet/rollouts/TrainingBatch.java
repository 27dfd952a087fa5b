package dev.freshet.rollouts;

import java.util.List;

/**
 * The rollouts of one optimizer step.
 *
 * @param step the step, which is also the policy version that it makes
 * @param rollouts the rollouts with possible values
 * @param unusable the others; together one or more
 */
public record TrainingBatch(long step, List<Rollout> rollouts, List<UnusableRollout> unusable) {
  public TrainingBatch {
    rollouts = List.copyOf(rollouts);
    unusable = List.copyOf(unusable);
    if (step < 0 || (rollouts.isEmpty() && unusable.isEmpty())) {
      throw new IllegalArgumentException(
          "batch of step %d with %d rollouts: expected a step from 0 and at least one rollout"
              .formatted(step, rollouts.size()));
    }
  }

  /** A batch of usable rollouts. */
  public TrainingBatch(long step, List<Rollout> rollouts) {
    this(step, rollouts, List.of());
  }
}
