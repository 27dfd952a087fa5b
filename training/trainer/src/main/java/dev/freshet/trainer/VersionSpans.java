package dev.freshet.trainer;

import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.rollouts.Trajectory;
import dev.freshet.rollouts.UpdateEvent;
import dev.freshet.rollouts.UpdateLogCursor;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Checks that the policy versions of a batch's tokens are possible. The batch of step s is trained
 * under policy s − 1. The version of every generated token of a rollout in it
 *
 * <ul>
 *   <li>is at least the rollout's dispatch version, which every server had acknowledged by then;
 *   <li>is at most s − 1, because newer weights do not exist yet;
 *   <li>is at least that of every earlier token, because a rollout stays on one server and a server
 *       only moves forward;
 *   <li>was sent to a server, or served from the beginning, according to the update log.
 * </ul>
 *
 * Otherwise the weights that gave a token its logprob are unknown. Follows the update log from
 * batch to batch. Not thread-safe; the owner closes it.
 */
final class VersionSpans implements AutoCloseable {
  private final UpdateLogCursor updates;
  private final Set<Long> sent = new HashSet<>();

  /**
   * @param updates a cursor at the beginning of the update log; closed with this object
   */
  VersionSpans(UpdateLogCursor updates) {
    this.updates = updates;
  }

  /**
   * Accepts the batch or throws. Without an update log the batch is checked against itself only.
   *
   * @return the number of tokens whose version was synthesised: no engine vouches for it
   * @throws TrainerException at the first token whose version is impossible
   * @throws dev.freshet.rollouts.BatchException if the update log cannot be read
   */
  long require(TrainingBatch batch) {
    Optional<Set<Long>> known = sentSoFar();
    long synthesised = 0;
    for (Rollout rollout : batch.rollouts()) {
      require(batch.step(), rollout, known);
      synthesised += rollout.trajectory().synthesisedCount();
    }
    return synthesised;
  }

  private Optional<Set<Long>> sentSoFar() {
    Optional<UpdateLogCursor.Read> read = updates.read();
    if (read.isEmpty() || read.get().fromBeginning()) {
      sent.clear();
    }
    return read.map(
        news -> {
          news.events().stream()
              .filter(event -> event.kind() != UpdateEvent.Kind.FAILED)
              .map(UpdateEvent::version)
              .forEach(sent::add);
          return sent;
        });
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
              "step %d: token %d of rollout '%s' has %spolicy version %d: expected %s"
                  .formatted(
                      step,
                      i,
                      rollout.id(),
                      tokens.synthesised()[i] ? "synthesised " : "",
                      version,
                      expected.get()));
        }
        oldest = version;
      }
    }
  }

  /** The expectation that a version contradicts, if any. */
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

  @Override
  public void close() {
    updates.close();
  }
}
