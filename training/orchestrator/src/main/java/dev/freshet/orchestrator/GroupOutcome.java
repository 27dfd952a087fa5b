package dev.freshet.orchestrator;

import dev.freshet.rollouts.Group;

/** The outcome of a group, which follows from the results of its rollouts. */
sealed interface GroupOutcome {
  /** All rollouts completed. */
  record Complete(Group group) implements GroupOutcome {}

  /** A rollout failed; the others were cancelled. */
  record Failed(String why) implements GroupOutcome {}

  /** The group was cancelled before all rollouts completed. */
  record Dropped() implements GroupOutcome {}
}
