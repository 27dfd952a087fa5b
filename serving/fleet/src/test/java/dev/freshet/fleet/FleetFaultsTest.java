package dev.freshet.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.client.Conditions;
import dev.freshet.fleet.PeerServer.Fault;
import dev.freshet.fleet.PeerServer.Plan;
import dev.freshet.fleet.dialect.Target;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.UpdateMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * One of two servers fails at every call of an update, before and after the call took effect.
 * Whatever the fault: the other server serves the version that the table states, the failing one
 * receives no request unless it serves that too, and returns once it works again.
 */
@Timeout(60)
@Execution(ExecutionMode.CONCURRENT)
class FleetFaultsTest {
  @TempDir private static Path dir;
  private static String first;
  private static String second;

  @BeforeAll
  static void publish() {
    first = Checkpoints.publish(dir, 1, Checkpoints.MODEL).toString();
    second = Checkpoints.publish(dir, 2, Checkpoints.MODEL).toString();
  }

  record Case(String kind, Plan plan, int quorum) {
    @Override
    public String toString() {
      return "%s: %s %s %s, quorum %s"
          .formatted(
              kind,
              plan.call(),
              plan.fault(),
              plan.carriedOut() ? "after its effect" : "before",
              quorum == 0 ? "all" : "1");
    }
  }

  static Stream<Case> cases() {
    List<Case> cases = new ArrayList<>();
    UpdateCalls.BY_KIND.forEach(
        (kind, calls) -> {
          for (String call : calls) {
            for (Fault fault : Fault.values()) {
              for (boolean carriedOut : new boolean[] {false, true}) {
                if (fault != Fault.STOPPED) {
                  Plan plan = new Plan(call, fault, carriedOut);
                  cases.add(new Case(kind, plan, carriedOut ? 1 : 0));
                }
              }
            }
          }
        });
    return cases.stream();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aServerThatFailsIsLeftOutAndReturns(Case example) throws Exception {
    survives(example, new Deadlines(Duration.ofSeconds(20), Duration.ofSeconds(20)));
  }

  static Stream<Case> stops() {
    return Stream.of(
        new Case("freshet", new Plan("/update_weights#prepare", Fault.STOPPED, false), 1),
        new Case("freshet", new Plan("/update_weights#commit", Fault.STOPPED, true), 0),
        new Case("vllm", new Plan("/pause", Fault.STOPPED, true), 1),
        new Case("vllm", new Plan("/weight_info", Fault.STOPPED, false), 1),
        new Case("vllm-lora", new Plan("/v1/load_lora_adapter", Fault.STOPPED, true), 1),
        new Case("sglang", new Plan("/update_weights_from_disk", Fault.STOPPED, true), 1),
        new Case("sglang", new Plan("/continue_generation", Fault.STOPPED, false), 0),
        new Case("vllm", new Plan("/collective_rpc", Fault.STOPPED, false), 0),
        new Case("vllm", new Plan("/resume", Fault.STOPPED, true), 1));
  }

  /** The deadlines are far beyond the time limit of the test; the cases wait at the same time. */
  @Test
  void aServerThatIsStoppedHoldsAnUpdateOnlyUntilItsSilenceIsNoticed() throws Exception {
    List<FutureTask<Case>> running = new ArrayList<>();
    for (Case example : stops().toList()) {
      FutureTask<Case> task =
          new FutureTask<>(
              () -> {
                survives(example, new Deadlines(Duration.ofHours(2), Duration.ofSeconds(5)));
                return example;
              });
      running.add(task);
      Thread.ofPlatform().daemon().start(task);
    }
    for (FutureTask<Case> task : running) {
      assertThat(task.get(50, TimeUnit.SECONDS)).isNotNull();
    }
  }

  /** Of the phases, and to ask. */
  private record Deadlines(Duration phase, Duration ask) {}

  private static void survives(Case example, Deadlines deadlines) throws Exception {
    Path journal = Files.createTempDirectory(dir, "fleet").resolve("fleet.jsonl");
    try (PeerServer healthy = new PeerServer("freshet");
        PeerServer failing = new PeerServer(example.kind());
        Fleet fleet = fleet(example.quorum(), deadlines, journal, healthy, failing)) {
      fleet.begin(Duration.ofSeconds(30), () -> false);
      assertThat(fleet.update(Target.of(1, first, UpdateMode.KEEP)).failures()).isEmpty();
      failing.arm(example.plan());
      UpdateResult result = fleet.update(Target.of(2, second, UpdateMode.KEEP));

      long version = fleet.policyVersion();
      String served = version == 2 ? second : first;
      assertThat(result.served()).isEqualTo(version);
      assertThat(result.committed()).isEqualTo(version == 2);
      if (example.quorum() == 1) {
        assertThat(version).as("the quorum moved").isEqualTo(2);
      }
      assertThat(healthy.serves(served)).as("%s after %s", healthy, result).isTrue();
      assertThat(fleet.table().routes())
          .extracting(RoutingTable.Route::address)
          .contains(healthy.spec().address());
      whatDoesNotServeSaysWhoMustAct(fleet, failing);
      theJournalIsEmptyOrExplainsItself(journal, result);
      heal(fleet, failing);
      Conditions.await(
          "both serve " + served + ": " + fleet.replicas() + failing,
          () -> fleet.table().routes().size() == 2 && failing.serves(served));
      assertThat(healthy.serves(served)).isTrue();
      Conditions.await(
          "the end of the update in the journal",
          () -> new TransactionJournal(journal).open().isEmpty());
      assertThat(failing.violations).isEmpty();
      assertThat(healthy.violations).isEmpty();
    }
  }

  private static void theJournalIsEmptyOrExplainsItself(Path journal, UpdateResult result) {
    new TransactionJournal(journal)
        .open()
        .ifPresent(
            open -> {
              assertThat(open.target().version()).isEqualTo(2);
              assertThat(open.committed()).isEqualTo(result.committed());
              assertThat(result.failures()).as("why it is open").isNotEmpty();
            });
  }

  private static void whatDoesNotServeSaysWhoMustAct(Fleet fleet, PeerServer failing) {
    ReplicaStatus status = fleet.replicas().get(1);
    switch (status.state()) {
      case SERVING, UPDATING, PAUSED -> {}
      case UNKNOWN, QUARANTINED, GONE ->
          assertThat(status.why().orElseThrow()).containsAnyOf("the fleet", "The fleet", "restart");
    }
    assertThat(failing.kind).isEqualTo(status.dialect());
  }

  /** What an operator does: starts what was killed, continues what was stopped, and restarts. */
  private static void heal(Fleet fleet, PeerServer failing) throws Exception {
    failing.continues();
    Plan never = new Plan("never", Fault.CUT, false);
    failing.arm(never);
    boolean unknown = fleet.replicas().get(1).state() == ReplicaState.UNKNOWN;
    if (unknown) {
      failing.kill();
    }
    if (failing.isKilled()) {
      Conditions.await(
          "its end is noticed", () -> fleet.replicas().get(1).state() == ReplicaState.GONE);
      failing.start();
    }
  }

  private static Fleet fleet(int quorum, Deadlines deadlines, Path journal, PeerServer... servers) {
    return new Fleet(
        Stream.of(servers).map(PeerServer::spec).toList(),
        Optional.empty(),
        new FleetOptions(
            new PhaseDeadlines(
                deadlines.phase(), deadlines.phase(), deadlines.phase(), deadlines.ask()),
            quorum,
            Duration.ofMillis(10),
            Duration.ofSeconds(30),
            Optional.of(journal)),
        UpdateJournal.NONE,
        EventLog.silent(MonotonicClock.SYSTEM));
  }
}
