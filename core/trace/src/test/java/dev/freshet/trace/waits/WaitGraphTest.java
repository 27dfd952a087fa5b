package dev.freshet.trace.waits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class WaitGraphTest {
  private static Wait wait(String role, String what, String on, boolean holds, int ageS) {
    return new Wait(
        role,
        what,
        on,
        holds,
        Duration.ofSeconds(ageS),
        Duration.ofSeconds(ageS),
        holds ? Optional.of(Duration.ofSeconds(30)) : Optional.empty(),
        "thread-of-" + role);
  }

  @Test
  void theRolesAreBlockedOnTheOldestWaitWhoseOwnerIsNotBlocked() {
    WaitGraph graph =
        new WaitGraph(
            List.of(
                wait("trainer", "batch 7", "orchestrator", true, 40),
                wait("orchestrator", "a completion", "inference http://a:1", true, 12),
                wait("inference", "completions", "clients", false, 600)));

    assertThat(graph.cycle()).isEmpty();
    assertThat(graph.verdict())
        .isEqualTo(
            "Blocked on a completion (owner: inference http://a:1): orchestrator waits for it,"
                + " 12.0 s of 30.0 s.");
  }

  @Test
  void rolesInADeadlockAreNamed() {
    WaitGraph graph =
        new WaitGraph(
            List.of(
                wait("trainer", "batch 7", "orchestrator", true, 4),
                wait("orchestrator", "weights newer than version 5", "trainer", true, 3)));

    assertThat(graph.cycle()).containsExactly("trainer", "orchestrator");
    assertThat(graph.verdict()).startsWith("Deadlock: trainer, orchestrator wait for each other");
  }

  @Test
  void theVerdictSaysThatNoRoleIsBlocked() {
    assertThat(new WaitGraph(List.of()).text()).isEqualTo("No role is blocked.\n");
    assertThat(new WaitGraph(List.of(wait("inference", "completions", "clients", false, 9))).text())
        .isEqualTo(
            """
            No role is blocked.
              inference is ready for completions on clients, 9.0 s (thread thread-of-inference)
            """);
  }

  @Test
  void waitsOfOneKindShareALineWithTheLongest() {
    List<Wait> waits = new ArrayList<>();
    for (int i = 1; i <= 90; i++) {
      waits.add(wait("orchestrator", "a completion", "inference http://a:1", true, i));
    }

    assertThat(new WaitGraph(waits).text().lines())
        .hasSize(2)
        .last()
        .asString()
        .contains("waits for 90 times a completion on inference http://a:1, the longest 90.0 s")
        .contains("overdue");
  }

  @Test
  void waitsAreWrittenAndReadBackUnchanged() {
    List<Wait> waits =
        List.of(
            wait("trainer", "batch \"7\"", "orchestrator", true, 4),
            wait("inference", "completions", "clients", false, 9));

    assertThat(WaitsJson.parse(WaitsJson.write(waits))).isEqualTo(waits);
    for (String bad : List.of("", "{}", "[]", "{\"waits\":3}", "{\"waits\":[")) {
      assertThatThrownBy(() -> WaitsJson.parse(bad.getBytes(StandardCharsets.UTF_8)))
          .as(bad)
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void aWaitIsOpenUntilItIsClosedAndIsReportedIfItEndsPastItsDeadline() {
    AtomicLong nanos = new AtomicLong();
    WaitRegistry waits = new WaitRegistry(nanos::get);
    List<Wait> overdue = new ArrayList<>();
    waits.listen((wait, open) -> overdue.addAll(open));

    try (Waits.Open _ = waits.begin("tester", "a test", "nobody", Duration.ofSeconds(2))) {
      nanos.addAndGet(2_000_000_000L);
      assertThat(waits.open())
          .singleElement()
          .satisfies(wait -> assertThat(wait.age()).isEqualTo(Duration.ofSeconds(2)))
          .matches(wait -> !wait.isOverdue());
    }
    assertThat(waits.open()).isEmpty();
    assertThat(overdue).isEmpty();

    try (Waits.Open _ = waits.begin("tester", "another", "nobody", Duration.ofSeconds(2))) {
      nanos.addAndGet(2_000_000_001L);
    }
    assertThat(overdue).extracting(Wait::what).containsExactly("another");
    assertThat(waits.open()).isEmpty();
  }

  @Test
  void theWaitsOfTheProcessAreThoseOfAllItsThreads() {
    try (Waits.Open _ = Waits.begin("tester", "a test", "nobody", Duration.ofHours(1))) {
      assertThat(Waits.open()).anyMatch(wait -> wait.role().equals("tester"));
      assertThat(Waits.process().open()).anyMatch(wait -> wait.role().equals("tester"));
    }
    assertThat(Waits.open()).noneMatch(wait -> wait.role().equals("tester"));
  }
}
