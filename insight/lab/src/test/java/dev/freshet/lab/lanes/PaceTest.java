package dev.freshet.lab.lanes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class PaceTest {
  private static final long MS = 1_000_000;
  private static final long START = 5_000 * MS;

  private long now = START;
  private final List<Long> slept = new ArrayList<>();

  private Pace pace() {
    return new Pace(
        i -> i * 100L * MS,
        () -> now,
        until -> {
          slept.add(until);
          now = until;
        });
  }

  @Test
  void updatesAreDueAtEqualIntervals() throws Exception {
    Pace pace = pace();

    assertThat(pace.await()).isEqualTo(START);
    now += 30 * MS;
    assertThat(pace.await()).isEqualTo(START + 100 * MS);
    now += 70 * MS;
    assertThat(pace.await()).isEqualTo(START + 200 * MS);
    assertThat(slept).containsExactly(START + 100 * MS, START + 200 * MS);
  }

  @Test
  void updatesAfterASlowOneCountFromWhenTheyWereDue() throws Exception {
    Pace pace = pace();
    long first = pace.await();
    now += 250 * MS;
    long second = pace.await();
    double secondMs = Pace.wallMs(second, now, 10);
    now += 10 * MS;
    long third = pace.await();
    double thirdMs = Pace.wallMs(third, now, 10);
    now += 10 * MS;
    long fourth = pace.await();

    assertThat(first).isEqualTo(START);
    assertThat(secondMs).isEqualTo(160);
    assertThat(thirdMs).isEqualTo(70);
    assertThat(fourth).as("is not due yet").isEqualTo(START + 300 * MS);
    assertThat(slept).containsExactly(START + 300 * MS);
  }

  @Test
  void queueTimeCountsFromDueAndExcludesTheEnginesWork() {
    UpdateSample late =
        new UpdateSample(
            START,
            Pace.wallMs(START, START + 150 * MS, 10),
            OptionalDouble.of(8),
            OptionalDouble.empty(),
            Optional.empty());

    assertThat(late.wallMs()).isEqualTo(160);
    assertThat(late.queueMs()).hasValue(152);
    assertThat(late.doneNanos()).isEqualTo(START + 160 * MS);
  }
}
