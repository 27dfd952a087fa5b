package dev.freshet.orchestrator;

import dev.freshet.rollouts.Rollout;
import java.util.Optional;

/**
 * Rejects rollouts that are not to be trained on although their group is. They still count in the
 * advantages of the others.
 *
 * @param overlong whether to reject answers that the token limit ended (DAPO, arXiv 2503.14476,
 *     section 3.4)
 * @param repetition the number of tokens in a loop at which an answer is rejected; 0 rejects none
 */
record RolloutFilter(boolean overlong, int repetition) {
  /** Why the rollout is rejected, if it is. */
  Optional<DropReason> rejects(Rollout rollout) {
    if (overlong && rollout.truncated()) {
      return Optional.of(DropReason.OVERLONG);
    }
    if (repetition > 0 && Repetition.atEnd(rollout.trajectory()) >= repetition) {
      return Optional.of(DropReason.REPETITION);
    }
    return Optional.empty();
  }
}
