package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Simulated runs whose answers differ much in length. */
class StragglerWaitTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void waitingForStragglersDropsFewerOfThemAndFewerLongAnswers(int asyncLevel) throws Exception {
    PacedRun without = PacedRun.of(asyncLevel, 0);
    PacedRun with = PacedRun.of(asyncLevel, 1);

    assertThat(with.droppedShare()).isLessThan(0.4 * without.droppedShare());
    assertThat(with.keptMeanS()).isBetween(1.2 * without.keptMeanS(), with.drawnMeanS());
    assertThat(with.stepsPerHour()).isGreaterThan(0.65 * without.stepsPerHour());
    assertThat(with.keptPerHour()).isGreaterThan(0.9 * without.keptPerHour());
  }

  @Test
  void aBatchWaitsWithoutABoundWhileTheTrainerHasAnEarlierOne() {
    StragglerWait wait = new StragglerWait(1);
    wait.dispatched(0);
    assertThat(wait.taken(seconds(10))).isZero();

    assertThat(wait.leftNanos(seconds(12), false)).isEqualTo(Long.MAX_VALUE);
    assertThat(wait.leftNanos(seconds(500), false)).isEqualTo(Long.MAX_VALUE);
    assertThat(wait.leftNanos(seconds(501), true)).isEqualTo(seconds(10));
    assertThat(wait.leftNanos(seconds(509), true)).isEqualTo(seconds(2));
    assertThat(wait.leftNanos(seconds(511), true)).isZero();
    assertThat(wait.taken(seconds(511))).isEqualTo(499_000);
  }

  @Test
  void whatBatchesWaitedIsNoPartOfTheMeanThatBoundsFurtherWaits() {
    StragglerWait wait = new StragglerWait(0.5);
    wait.dispatched(0);
    long now = seconds(10);
    assertThat(wait.taken(now)).isZero();
    for (int batch = 0; batch < 20; batch++) {
      now += seconds(10);
      assertThat(wait.leftNanos(now, true)).isEqualTo(seconds(5));
      now += seconds(5);
      assertThat(wait.leftNanos(now, true)).isZero();
      assertThat(wait.taken(now)).isEqualTo(5_000);
    }
  }

  @Test
  void withoutAWaitStragglersAreDroppedAtOnce() {
    StragglerWait wait = new StragglerWait(0);
    wait.dispatched(0);

    assertThat(wait.leftNanos(seconds(1), false)).isZero();
    assertThat(wait.leftNanos(seconds(1), true)).isZero();
  }

  private static long seconds(long s) {
    return TimeUnit.SECONDS.toNanos(s);
  }
}
