package dev.freshet.rollouts;

import java.util.List;

/**
 * The rollouts of one optimizer step.
 *
 * @param step the step, which is also the policy version that it makes
 * @param rollouts one or more
 */
public record TrainingBatch(long step, List<Rollout> rollouts) {
  public TrainingBatch {
    rollouts = List.copyOf(rollouts);
    if (step < 0 || rollouts.isEmpty()) {
      throw new IllegalArgumentException(
          "batch of step %d with %d rollouts: expected a step from 0 and at least one rollout"
              .formatted(step, rollouts.size()));
    }
  }
}
