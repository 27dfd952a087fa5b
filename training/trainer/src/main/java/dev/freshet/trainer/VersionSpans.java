package dev.freshet.trainer;

import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.rollouts.Trajectory;
import dev.freshet.rollouts.UpdateEvent;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Whether the policy versions of a batch's tokens can be true. Of a rollout in the batch of step s,
 * which is trained under policy s − 1, the version of every generated token
 *
 * <ul>
 *   <li>is at least the rollout's dispatch version, which every server had acknowledged by then;
 *   <li>is at most s − 1, for newer weights do not exist yet;
 *   <li>is never less than that of a token before it, for a rollout stays on one server and a
 *       server only moves forward;
 *   <li>was sent to a server, or served from the beginning, according to the update log.
 * </ul>
 *
 * Logprobs of tokens for which that does not hold are of weights that nobody knows.
 */
final class VersionSpans {
  private VersionSpans() {}

  /**
   * Accepts the batch or throws.
   *
   * @param updates the update log; without one the batch is checked against itself alone
   * @throws TrainerException at the first token whose version cannot be true
   */
  static void require(TrainingBatch batch, Optional<List<UpdateEvent>> updates) {
    Optional<Set<Long>> sent =
        updates.map(
            events ->
                events.stream()
                    .filter(event -> event.kind() != UpdateEvent.Kind.FAILED)
                    .map(UpdateEvent::version)
                    .collect(Collectors.toSet()));
    for (Rollout rollout : batch.rollouts()) {
      require(batch.step(), rollout, sent);
    }
  }

  private static void require(long step, Rollout rollout, Optional<Set<Long>> sent) {
    Trajectory tokens = rollout.trajectory();
    int oldest = rollout.dispatchVersion();
    for (int i = 0; i < tokens.length(); i++) {
      if (tokens.generated()[i]) {
        int version = tokens.policyVersions()[i];
        Optional<String> expected = contradicted(step, version, oldest, rollout, sent);
        if (expected.isPresent()) {
          throw new TrainerException(
              "step %d: token %d of rollout '%s' has policy version %d: expected %s"
                  .formatted(step, i, rollout.id(), version, expected.get()));
        }
        oldest = version;
      }
    }
  }

  /** What a version was expected to be, if it cannot be what it is. */
  private static Optional<String> contradicted(
      long step, int version, int oldest, Rollout rollout, Optional<Set<Long>> sent) {
    if (version < rollout.dispatchVersion()) {
      return Optional.of(
          "%d or above, the version when it was dispatched".formatted(rollout.dispatchVersion()));
    }
    if (version > step - 1) {
      return Optional.of("%d or below, the policy that the step begins with".formatted(step - 1));
    }
    if (version < oldest) {
      return Optional.of("%d or above, the version of a token before it".formatted(oldest));
    }
    if (sent.isPresent() && !sent.get().contains((long) version)) {
      return Optional.of("one that was sent to a server according to the update log");
    }
    return Optional.empty();
  }
}
