package dev.freshet.trace.time;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.freshet.trace.EventLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RoleClockTest {
  private final AtomicLong now = new AtomicLong(1_000);
  private final RoleClock clock =
      new RoleClock(
          now::get,
          List.of(RoleState.GENERATING, RoleState.ENVIRONMENT, RoleState.HELD),
          RoleState.OTHER);

  private void after(long millis) {
    now.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis));
  }

  private static long millis(RoleTime time, RoleState state) {
    return TimeUnit.NANOSECONDS.toMillis(time.nanos(state));
  }

  @Test
  void theActivityOfTheHighestRankIsTheState() {
    RoleClock.Activity environment = clock.begin(RoleState.ENVIRONMENT);
    after(10);
    RoleClock.Activity generating = clock.begin(RoleState.GENERATING);
    after(5);
    RoleClock.Activity second = clock.begin(RoleState.GENERATING);
    after(5);
    generating.close();
    after(1);
    second.close();
    after(20);
    environment.close();
    after(3);

    RoleTime time = clock.reading();

    assertThat(millis(time, RoleState.GENERATING)).isEqualTo(11);
    assertThat(millis(time, RoleState.ENVIRONMENT)).isEqualTo(30);
    assertThat(millis(time, RoleState.OTHER)).isEqualTo(3);
    assertThat(time.meanOpen(RoleState.GENERATING)).isEqualTo(16.0 / 44);
    assertThat(time.meanOpen(RoleState.ENVIRONMENT)).isEqualTo(41.0 / 44);
  }

  @Test
  void theStatesOfEveryStepSumToTheWallTime() {
    Random random = new Random(7);
    List<RoleClock.Activity> open = new ArrayList<>();
    StepTimes steps = new StepTimes("orchestrator", clock, EventLog.silent(now::get));
    RoleState[] states = {RoleState.GENERATING, RoleState.ENVIRONMENT, RoleState.HELD};
    for (int step = 1; step <= 50; step++) {
      long began = now.get();
      for (int i = 0; i < 40; i++) {
        now.addAndGet(random.nextInt(1_000_000));
        if (open.isEmpty() || random.nextBoolean()) {
          open.add(clock.begin(states[random.nextInt(states.length)]));
        } else {
          open.remove(random.nextInt(open.size())).close();
        }
      }

      assertThat(steps.end(step).wallNanos()).isEqualTo(now.get() - began);
    }
  }

  @Test
  void activitiesOfManyThreadsAddUp() throws Exception {
    RoleClock real =
        new RoleClock(
            System::nanoTime,
            List.of(RoleState.GENERATING, RoleState.ENVIRONMENT),
            RoleState.OTHER);
    long began = System.nanoTime();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      RoleState state = i % 2 == 0 ? RoleState.GENERATING : RoleState.ENVIRONMENT;
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int n = 0; n < 2_000; n++) {
                      real.begin(state).close();
                    }
                  }));
    }
    for (Thread thread : threads) {
      assertThat(thread.join(Duration.ofSeconds(30))).isTrue();
    }

    RoleTime time = real.reading();

    assertThat(time.nanos().values()).allMatch(nanos -> nanos >= 0);
    assertThat(time.wallNanos()).isBetween(1L, System.nanoTime() - began);
    long rest = real.reading().nanos(RoleState.OTHER);
    assertThat(real.reading().nanos(RoleState.OTHER)).isGreaterThanOrEqualTo(rest);
  }

  @Test
  void closingAnActivityTwiceEndsItOnce() {
    RoleClock.Activity first = clock.begin(RoleState.GENERATING);
    RoleClock.Activity second = clock.begin(RoleState.GENERATING);
    first.close();
    first.close();
    after(4);
    second.close();
    after(2);

    assertThat(millis(clock.reading(), RoleState.GENERATING)).isEqualTo(4);
  }

  @Test
  void aStateThatIsSetTwiceIsInProgressOnce() {
    clock.set(RoleState.HELD, true);
    clock.set(RoleState.HELD, true);
    after(6);
    clock.set(RoleState.HELD, false);
    clock.set(RoleState.HELD, false);
    after(2);

    RoleTime time = clock.reading();

    assertThat(millis(time, RoleState.HELD)).isEqualTo(6);
    assertThat(millis(time, RoleState.OTHER)).isEqualTo(2);
  }

  @Test
  void anActivityThatTheRoleDoesNotHaveIsRejected() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> clock.begin(RoleState.TRAINING))
        .withMessageContaining("never TRAINING");
  }

  @Test
  void theLineOfAStepHasTheWallTimeAndEveryState() {
    List<String> lines = new ArrayList<>();
    StepTimes steps = new StepTimes("orchestrator", clock, new EventLog(lines::add, now::get));
    try (RoleClock.Activity _ = clock.begin(RoleState.GENERATING)) {
      after(30);
    }
    after(2);

    RoleTime time = steps.end(4);

    assertThat(lines)
        .containsExactly(
            "[time] step.done role=orchestrator step=4 wall_ms=32.0 generating_ms=30.0"
                + " environment_ms=0.0 held_ms=0.0 other_ms=2.0");
    assertThat(time.fields())
        .containsEntry("wall_ms", 32.0)
        .containsEntry("generating_ms", 30.0)
        .containsEntry("other_ms", 2.0);
  }
}
