package dev.freshet.trace.time;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.trace.EventLog;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/**
 * A run that is slower than a synchronous one while both of its roles report an idle ratio of zero,
 * as https://github.com/verl-project/verl/issues/6693 describes it. There the rollout side takes
 * one moment at which it became idle and forgets it whenever it continues, so of several pauses
 * between two versions none counts; and the trainer counts only its wait for samples, not the
 * synchronization of weights.
 */
class TwoIdleRatiosTest {
  private static final int STEPS = 5;

  private final AtomicLong now = new AtomicLong();
  private final RoleClock rollouts =
      new RoleClock(
          now::get,
          List.of(RoleState.GENERATING, RoleState.UPDATING, RoleState.HELD),
          RoleState.OTHER);
  private final RoleClock trainer =
      new RoleClock(
          now::get,
          List.of(RoleState.TRAINING, RoleState.PUBLISHING, RoleState.BATCH),
          RoleState.OTHER);

  /** The idle ratio of the report: only the last pause counts, unless it has ended. */
  private final LastPause lastPause = new LastPause();

  private static final class LastPause {
    private long idleSince = -1;
    private long beganNanos;

    double ratio(long nowNanos) {
      double ratio = idleSince < 0 ? 0 : (double) (nowNanos - idleSince) / (nowNanos - beganNanos);
      idleSince = -1;
      beganNanos = nowNanos;
      return ratio;
    }
  }

  private void both(RoleState rolloutState, RoleState trainerState, long millis) {
    try (RoleClock.Activity _ = rollouts.begin(rolloutState);
        RoleClock.Activity _ = trainer.begin(trainerState)) {
      if (rolloutState == RoleState.HELD) {
        lastPause.idleSince = now.get();
      }
      now.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis));
      if (rolloutState == RoleState.HELD) {
        lastPause.idleSince = -1;
      }
    }
  }

  @Test
  void pausesThatTwoIdleRatiosDoNotCountAreNamedAndSumToTheWallTime() {
    StepTimes rolloutSteps = new StepTimes("orchestrator", rollouts, EventLog.silent(now::get));
    StepTimes trainerSteps = new StepTimes("trainer", trainer, EventLog.silent(now::get));
    for (int step = 1; step <= STEPS; step++) {
      both(RoleState.GENERATING, RoleState.TRAINING, 100);
      both(RoleState.HELD, RoleState.TRAINING, 400); // The queue is full.
      both(RoleState.GENERATING, RoleState.TRAINING, 50);
      both(RoleState.HELD, RoleState.TRAINING, 250);
      both(RoleState.UPDATING, RoleState.PUBLISHING, 200); // The weights are synchronized.

      double rolloutIdleRatio = lastPause.ratio(now.get());
      RoleTime rolloutTime = rolloutSteps.end(step);
      RoleTime trainerTime = trainerSteps.end(step);
      double trainerIdleRatio = trainerTime.share(RoleState.BATCH);

      assertThat(rolloutIdleRatio).as("rollouts, by the last pause").isZero();
      assertThat(trainerIdleRatio).as("trainer, by its wait for samples").isZero();
      assertThat(rolloutTime.share(RoleState.HELD)).isCloseTo(0.65, within(1e-9));
      assertThat(rolloutTime.share(RoleState.UPDATING)).isCloseTo(0.20, within(1e-9));
      assertThat(rolloutTime.share(RoleState.GENERATING)).isCloseTo(0.15, within(1e-9));
      assertThat(rolloutTime.share(RoleState.OTHER)).isZero();
      assertThat(trainerTime.share(RoleState.TRAINING)).isCloseTo(0.80, within(1e-9));
      assertThat(trainerTime.share(RoleState.PUBLISHING)).isCloseTo(0.20, within(1e-9));
      assertThat(rolloutTime.wallNanos()).isEqualTo(TimeUnit.SECONDS.toNanos(1));
      assertThat(trainerTime.wallNanos()).isEqualTo(TimeUnit.SECONDS.toNanos(1));
    }
  }
}
