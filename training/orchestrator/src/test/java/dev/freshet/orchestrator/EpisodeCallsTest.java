package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.client.Calls;
import dev.freshet.environments.Episode;
import dev.freshet.environments.Problem;
import dev.freshet.environments.Split;
import dev.freshet.environments.TurnEnvironment;
import dev.freshet.orchestrator.FaultyEnvironment.Fault;
import dev.freshet.trace.MonotonicClock;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class EpisodeCallsTest {
  @Test
  void anEpisodeThatStartsAfterItWasGivenUpIsClosed() throws Exception {
    CountDownLatch late = new CountDownLatch(1);
    CountDownLatch starting = new CountDownLatch(1);
    FaultyEnvironment episodes = new FaultyEnvironment(Fault.START_THROWS, 2);
    assertThatThrownBy(() -> episodes.start(episodes.problem(Split.TRAIN, 0))).isNotNull();
    TurnEnvironment slow =
        new TurnEnvironment() {
          @Override
          public String name() {
            return "slow";
          }

          @Override
          public Problem problem(Split split, long index) {
            return episodes.problem(split, index);
          }

          @Override
          public Episode start(Problem problem) {
            starting.countDown();
            boolean waiting = true;
            while (waiting) {
              try {
                late.await();
                waiting = false;
              } catch (InterruptedException e) {
                // It starts all the same.
              }
            }
            return episodes.start(problem);
          }
        };
    // The deadline passes once the call has reached the environment.
    MonotonicClock clock =
        () -> System.nanoTime() + (starting.getCount() == 0 ? TimeUnit.MINUTES.toNanos(2) : 0);
    try (EnvironmentCalls calls =
        new EnvironmentCalls(2, Duration.ofMinutes(1), clock, RoleTimes.clock(clock))) {
      EpisodeCalls episode =
          new EpisodeCalls(
              calls,
              slow,
              slow.problem(Split.TRAIN, 1),
              new NumbersFormat(),
              new Calls(),
              clock.nanos() + TimeUnit.MINUTES.toNanos(10));

      assertThatThrownBy(episode::begin).hasMessageContaining("did not return within");
      episode.abandon();
      late.countDown();

      TestRun.await("it has begun", () -> episodes.mostOpen.get() == 1);
      TestRun.await("it is closed", () -> episodes.open.get() == 0);
    }
  }
}
