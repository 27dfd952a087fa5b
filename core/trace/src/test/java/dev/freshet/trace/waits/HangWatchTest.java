package dev.freshet.trace.waits;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class HangWatchTest {
  private static final Duration DEADLINE = Duration.ofMinutes(10);
  private static final String SERVER = "inference http://a:8000";

  private final AtomicLong now = new AtomicLong();
  private final WaitRegistry waits = new WaitRegistry(now::get);
  private final HangWatch hangs = new HangWatch();

  /** What is reported in the next seconds, of which each is looked at. */
  private List<String> reportedWithin(int seconds) {
    List<String> reported = new ArrayList<>();
    for (int i = 0; i < seconds; i++) {
      now.addAndGet(TimeUnit.SECONDS.toNanos(1));
      hangs.look(waits.open()).forEach(wait -> reported.add(wait.what()));
    }
    return reported;
  }

  @Test
  void aRolloutWithoutATokenForHalfAMinuteIsReportedThoughOthersGoOn() {
    AtomicLong tokens = new AtomicLong();
    try (Waits.Open _ = waits.begin("orchestrator", "a completion", SERVER, DEADLINE, tokens::get);
        Waits.Open _ =
            waits.begin(
                "orchestrator", "a completion", "inference http://b:8000", DEADLINE, now::get);
        Waits.Open _ = waits.begin("trainer", "batch 3", "orchestrator", DEADLINE)) {
      assertThat(reportedWithin(20)).isEmpty();
      tokens.incrementAndGet();
      assertThat(reportedWithin(30)).isEmpty();
      now.addAndGet(TimeUnit.SECONDS.toNanos(1));

      List<Wait> found = hangs.look(waits.open());

      assertThat(found).singleElement().extracting(Wait::on).isEqualTo(SERVER);
      assertThat(found.getFirst().duration()).isEqualTo("51.0 s of 600.0 s, nothing for 30.0 s");
    }
  }

  @Test
  void anEnvironmentThatHangsIsReported() {
    try (Waits.Open _ = waits.begin("trainer", "batch 3", "orchestrator", DEADLINE);
        Waits.Open _ =
            waits.begin("orchestrator", "an environment", "arithmetic: turn 2", DEADLINE)) {
      assertThat(reportedWithin(30)).containsExactly("an environment");
    }
  }

  @Test
  void aForgottenPauseIsReported() {
    try (Waits.Open _ =
            waits.begin(
                "inference",
                "POST /resume",
                "the client that paused it",
                true,
                Optional.empty(),
                () -> 0);
        Waits.Open _ = waits.begin("orchestrator", "a completion", SERVER, DEADLINE)) {
      assertThat(reportedWithin(30)).containsExactly("POST /resume");
    }
  }

  @Test
  void aTrainerThatIsStoppedIsReported() {
    try (Waits.Open _ =
        waits.begin("orchestrator", "weights newer than version 4", "trainer", DEADLINE)) {
      assertThat(reportedWithin(30)).containsExactly("weights newer than version 4");
    }
  }

  @Test
  void rolesThatWaitForEachOtherAreReported() {
    try (Waits.Open _ = waits.begin("trainer", "batch 7", "orchestrator", DEADLINE);
        Waits.Open _ =
            waits.begin("orchestrator", "weights newer than version 5", "trainer", DEADLINE)) {
      assertThat(reportedWithin(30)).containsExactly("batch 7", "weights newer than version 5");
    }
  }

  @Test
  void aHangIsReportedAgainWheneverItsSilenceHasDoubled() {
    try (Waits.Open _ = waits.begin("orchestrator", "a completion", SERVER, DEADLINE)) {
      assertThat(reportedWithin(30)).hasSize(1);
      assertThat(reportedWithin(29)).isEmpty();
      assertThat(reportedWithin(1)).hasSize(1);
      assertThat(reportedWithin(59)).isEmpty();
      assertThat(reportedWithin(1)).hasSize(1);
    }
  }

  @Test
  void manyWaitsOfOneCauseAreReportedAsOne() {
    for (int i = 0; i < 50; i++) {
      var _ = waits.begin("orchestrator", "a completion", SERVER, DEADLINE);
    }

    assertThat(reportedWithin(40)).hasSize(1);
  }

  @Test
  void aCauseThatCameToAnEndIsNewWhenItComesAgain() {
    try (Waits.Open _ = waits.begin("orchestrator", "a completion", SERVER, DEADLINE)) {
      assertThat(reportedWithin(30)).hasSize(1);
    }
    assertThat(reportedWithin(5)).isEmpty();
    try (Waits.Open _ = waits.begin("orchestrator", "a completion", SERVER, DEADLINE)) {
      assertThat(reportedWithin(30)).hasSize(1);
    }
  }

  @Test
  void waitsForWorkAndWaitsOfBlockedRolesAreNoHangs() {
    try (Waits.Open _ =
            waits.begin("inference", "completions", "clients", false, Optional.empty(), () -> 0);
        Waits.Open _ = waits.begin("trainer", "batch 3", "orchestrator", DEADLINE);
        Waits.Open _ = waits.begin("orchestrator", "a completion", SERVER, DEADLINE, now::get)) {
      assertThat(reportedWithin(300)).isEmpty();
    }
  }
}
