package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.rollouts.BatchStore;
import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.SamplingDistribution;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.rollouts.Trajectory;
import dev.freshet.rollouts.UpdateEvent;
import dev.freshet.rollouts.UpdateLog;
import dev.freshet.trace.TraceId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Batches of step 6, which is trained under policy 5. */
class VersionSpansTest {
  private static final String SERVER = "http://127.0.0.1:8001";
  private static final int OBSERVED = Trajectory.NO_VERSION;

  @TempDir Path dir;

  private UpdateLog log;
  private VersionSpans versions;

  @BeforeEach
  void open() {
    log = new BatchStore(dir).updates();
    versions = new VersionSpans(log.cursor());
  }

  @AfterEach
  void close() {
    versions.close();
  }

  @Test
  void aRolloutThatCrossesAnUpdateIsAccepted() {
    accept(rollout("r", 3, OBSERVED, 3, 3, 4, 4));
    accept(rollout("r", 3, OBSERVED, 4, 5));
  }

  @Test
  void aVersionThatWasSentButNotYetServedIsAccepted() {
    accept(rollout("r", 3, OBSERVED, 3, 5));
  }

  @Test
  void theVersionServedFromTheBeginningIsAccepted() {
    accept(rollout("r", 0, OBSERVED, 0, 3));
  }

  @Test
  void observationsBetweenTurnsHaveNoVersion() {
    accept(rollout("r", 3, OBSERVED, 3, OBSERVED, OBSERVED, 3, OBSERVED, 4));
  }

  @Test
  void aTokenOlderThanTheDispatchIsRefused() {
    refuse(
        rollout("g7-2", 4, OBSERVED, OBSERVED, 4, 3),
        "step 6: token 3 of rollout 'g7-2' has policy version 3: expected 4 or above, the version"
            + " when it was dispatched");
  }

  @Test
  void aTokenOfAVersionThatDoesNotExistYetIsRefused() {
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
  void aVersionThatWasNeverSentAccordingToTheLogIsRefused() {
    refuse(
        rollout("g7-2", 0, OBSERVED, 0, 2),
        "step 6: token 2 of rollout 'g7-2' has policy version 2: expected one that was sent to a"
            + " server according to the update log");
  }

  @Test
  void synthesisedVersionsAreCountedAndCheckedLikeReportedOnes() {
    Rollout reported = rollout("r", 1, OBSERVED, 1, 2);
    assertThat(versions.require(batch(reported))).isZero();
    assertThat(versions.require(batch(reported, synthesised(1, 2)))).isEqualTo(2);
    assertThatThrownBy(() -> versions.require(batch(synthesised(2, 1))))
        .hasMessageContaining("token 2 of rollout 'r' has synthesised policy version 1");
  }

  private static Rollout synthesised(int... of) {
    Trajectory tokens =
        new Trajectory.Builder()
            .observe(new int[] {1})
            .generate(new int[of.length], new float[of.length], of, true)
            .build();
    return new Rollout(
        "r",
        "g",
        "reverse-text",
        "p",
        tokens,
        0,
        1,
        "stop",
        1,
        1,
        SamplingDistribution.atTemperature(1));
  }

  @Test
  void withoutALogABatchIsCheckedAgainstItself() {
    versions.require(batch(rollout("r", 1, OBSERVED, 1, 2)));
    assertThatThrownBy(() -> versions.require(batch(rollout("r", 1, 2, 1))))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("expected 2 or above, the version of a token before it");
  }

  @Test
  void versionsSentBetweenTwoBatchesAreAcceptedAndTheEarlierOnesRemain() {
    log.begin(3);
    accepted(rollout("r", 3, OBSERVED, 3));
    refused(rollout("r", 3, OBSERVED, 3, 4));

    log.append(sent(4));

    accepted(rollout("r", 3, OBSERVED, 3, 4));
  }

  @Test
  void aLogThatWasBegunAnewForgetsTheVersionsOfTheEarlierRun() {
    log.begin(3);
    log.append(sent(4));
    accepted(rollout("r", 3, OBSERVED, 3, 4));

    log.begin(4);

    accepted(rollout("r", 4, OBSERVED, 4));
    refused(rollout("r", 3, OBSERVED, 3, 4));
  }

  @Test
  void aLogThatAppearsLaterIsFollowedAndOneThatWasDeletedNoLongerCounts() throws IOException {
    accepted(rollout("r", 1, OBSERVED, 1));
    log.begin(3);
    refused(rollout("r", 1, OBSERVED, 1));

    Files.delete(log.path());

    accepted(rollout("r", 1, OBSERVED, 1));
  }

  private static UpdateEvent sent(long version) {
    return UpdateEvent.sent(version, SERVER, TraceId.random());
  }

  /** Versions 0, 3, 4 and 5 were sent; 4 failed on one server, 2 was skipped, 7 only failed. */
  private void writeLog() {
    log.begin(0);
    log.append(sent(3));
    log.append(UpdateEvent.served(3));
    log.append(sent(4));
    log.append(UpdateEvent.failed(4, SERVER, TraceId.random()));
    log.append(sent(5));
    log.append(UpdateEvent.failed(7, SERVER, TraceId.random()));
  }

  private void accept(Rollout rollout) {
    writeLog();
    assertThatCode(() -> versions.require(batch(rollout))).doesNotThrowAnyException();
  }

  private void refuse(Rollout rollout, String message) {
    writeLog();
    assertThatThrownBy(() -> versions.require(batch(rollout)))
        .isInstanceOf(TrainerException.class)
        .hasMessage(message);
  }

  private void accepted(Rollout rollout) {
    assertThatCode(() -> versions.require(singleton(rollout))).doesNotThrowAnyException();
  }

  private void refused(Rollout rollout) {
    assertThatThrownBy(() -> versions.require(singleton(rollout)))
        .isInstanceOf(TrainerException.class)
        .hasMessageEndingWith("expected one that was sent to a server according to the update log");
  }

  private static TrainingBatch singleton(Rollout rollout) {
    return new TrainingBatch(6, List.of(rollout));
  }

  /** With a valid rollout before it. */
  private static TrainingBatch batch(Rollout... rollouts) {
    List<Rollout> all = new ArrayList<>(List.of(rollouts));
    all.addFirst(rollout("ok", 5, OBSERVED, 5));
    return new TrainingBatch(6, all);
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
        id,
        "g",
        "reverse-text",
        "p",
        trajectory.build(),
        1,
        0,
        "stop",
        1,
        dispatchVersion,
        SamplingDistribution.atTemperature(1));
  }
}
