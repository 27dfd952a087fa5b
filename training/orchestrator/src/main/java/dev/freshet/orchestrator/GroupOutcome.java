package dev.freshet.orchestrator;

import dev.freshet.rollouts.Group;

/** The one outcome of a group: what its rollouts' outcomes make together. */
sealed interface GroupOutcome {
  /** All rollouts are done. */
  record Complete(Group group) implements GroupOutcome {}

  /** A rollout failed; the others were cancelled. */
  record Failed(String why) implements GroupOutcome {}

  /** The group was dropped before all rollouts were done. */
  record Dropped() implements GroupOutcome {}
}
