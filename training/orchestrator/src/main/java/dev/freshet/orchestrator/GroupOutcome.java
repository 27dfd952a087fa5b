package dev.freshet.orchestrator;

import dev.freshet.rollouts.Group;

/** The outcome of a group, which follows from the results of its rollouts. */
sealed interface GroupOutcome {
  /** The rollouts completed; failed ones may be left out. */
  record Complete(Group group) implements GroupOutcome {}

  /** Too many of the rollouts failed. */
  record Failed() implements GroupOutcome {}

  /** The group was cancelled before all rollouts completed. */
  record Dropped() implements GroupOutcome {}
}
