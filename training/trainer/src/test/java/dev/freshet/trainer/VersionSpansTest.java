package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.rollouts.Trajectory;
import dev.freshet.rollouts.UpdateEvent;
import dev.freshet.trace.TraceId;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Batches of step 6, which is trained under policy 5. */
class VersionSpansTest {
  private static final String SERVER = "http://127.0.0.1:8001";
  private static final int OBSERVED = Trajectory.NO_VERSION;

  /** Versions 0, 3, 4 and 5 were sent; 4 is not served yet, 2 was skipped. */
  private static final Optional<List<UpdateEvent>> LOG =
      Optional.of(
          List.of(
              UpdateEvent.served(0),
              sent(3),
              UpdateEvent.served(3),
              sent(4),
              UpdateEvent.failed(4, SERVER, TraceId.random()),
              sent(5),
              UpdateEvent.failed(7, SERVER, TraceId.random())));

  @Test
  void aRolloutThatCrossesAnUpdateIsAccepted() {
    accept(rollout("r", 3, OBSERVED, 3, 3, 4, 4), LOG);
    accept(rollout("r", 3, OBSERVED, 4, 5), LOG);
  }

  @Test
  void aVersionThatServersHadBeforeTheyAcknowledgedItIsAccepted() {
    accept(rollout("r", 3, OBSERVED, 3, 5), LOG);
  }

  @Test
  void theVersionOfTheBeginningIsAcceptedThoughNobodySentIt() {
    accept(rollout("r", 0, OBSERVED, 0, 3), LOG);
  }

  @Test
  void observationsBetweenTurnsHaveNoVersion() {
    accept(rollout("r", 3, OBSERVED, 3, OBSERVED, OBSERVED, 3, OBSERVED, 4), LOG);
  }

  @Test
  void aTokenOlderThanTheDispatchIsRefused() {
    refuse(
        rollout("g7-2", 4, OBSERVED, OBSERVED, 4, 3),
        "step 6: token 3 of rollout 'g7-2' has policy version 3: expected 4 or above, the version"
            + " when it was dispatched");
  }

  @Test
  void aTokenOfWeightsThatDoNotExistYetIsRefused() {
    refuse(
        rollout("g7-2", 5, OBSERVED, 5, 6),
        "step 6: token 2 of rollout 'g7-2' has policy version 6: expected 5 or below, the policy"
            + " that the step begins with");
  }

  @Test
  void aVersionThatFallsWithinARolloutIsRefused() {
    refuse(
        rollout("g7-2", 3, OBSERVED, 5, 4),
        "step 6: token 2 of rollout 'g7-2' has policy version 4: expected 5 or above, the version"
            + " of a token before it");
  }

  @Test
  void aVersionThatFallsFromOneTurnToTheNextIsRefused() {
    refuse(
        rollout("g7-2", 3, OBSERVED, 3, 4, OBSERVED, 3),
        "step 6: token 4 of rollout 'g7-2' has policy version 3: expected 4 or above, the version"
            + " of a token before it");
  }

  @Test
  void aVersionThatTheLogDoesNotKnowAsSentIsRefused() {
    refuse(
        rollout("g7-2", 0, OBSERVED, 0, 2),
        "step 6: token 2 of rollout 'g7-2' has policy version 2: expected one that was sent to a"
            + " server according to the update log");
  }

  @Test
  void withoutALogABatchIsCheckedAgainstItself() {
    accept(rollout("r", 1, OBSERVED, 1, 2), Optional.empty());
    assertThatThrownBy(() -> VersionSpans.require(batch(rollout("r", 1, 2, 1)), Optional.empty()))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("expected 2 or above, the version of a token before it");
  }

  private static UpdateEvent sent(long version) {
    return UpdateEvent.sent(version, SERVER, TraceId.random());
  }

  private static void accept(Rollout rollout, Optional<List<UpdateEvent>> updates) {
    assertThatCode(() -> VersionSpans.require(batch(rollout), updates)).doesNotThrowAnyException();
  }

  private static void refuse(Rollout rollout, String message) {
    assertThatThrownBy(() -> VersionSpans.require(batch(rollout), LOG))
        .isInstanceOf(TrainerException.class)
        .hasMessage(message);
  }

  /** With a rollout before it that is well. */
  private static TrainingBatch batch(Rollout rollout) {
    return new TrainingBatch(6, List.of(rollout("ok", 5, OBSERVED, 5), rollout));
  }

  private static Rollout rollout(String id, int dispatchVersion, int... versions) {
    Trajectory.Builder trajectory = new Trajectory.Builder();
    for (int version : versions) {
      if (version == OBSERVED) {
        trajectory.observe(new int[] {1});
      } else {
        trajectory.generate(new int[] {2}, new float[] {-1}, new int[] {version});
      }
    }
    return new Rollout(
        id, "g", "reverse-text", "p", trajectory.build(), 1, 0, "stop", 1, dispatchVersion);
  }
}
