package dev.freshet.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.client.Calls;
import dev.freshet.client.Conditions;
import dev.freshet.fleet.PeerServer.Fault;
import dev.freshet.fleet.PeerServer.Plan;
import dev.freshet.fleet.UpdateResult.Outcome;
import dev.freshet.fleet.dialect.Target;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.FleetPhase;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.waits.Waits;
import dev.freshet.wire.UpdateMode;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** ServerChoice and updates of a fleet. */
@Timeout(60)
class FleetTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir private static Path dir;
  private static String first;
  private static String second;

  private final AtomicLong nanos = new AtomicLong();
  private final List<String> journal = new CopyOnWriteArrayList<>();
  private volatile boolean unrecordable;

  @BeforeAll
  static void publish() {
    first = Checkpoints.publish(dir, 1, Checkpoints.MODEL).toString();
    second = Checkpoints.publish(dir, 2, Checkpoints.MODEL).toString();
  }

  @Test
  void aRolloutGoesToTheServerWithTheFewest() throws Exception {
    try (PeerServer a = new PeerServer("freshet");
        PeerServer b = new PeerServer("freshet");
        Fleet fleet = begun(MonotonicClock.SYSTEM, 0, a, b)) {
      Replica one = acquire(fleet);
      Replica two = acquire(fleet);
      assertThat(two).isNotSameAs(one);
      fleet.release(one);
      assertThat(acquire(fleet)).isSameAs(one);
      assertThat(fleet.rollouts()).isEqualTo(2);
    }
  }

  @Test
  void aServerThatFailsBacksOffTwiceAsLongEachTimeUntilItSucceeds() throws Exception {
    try (PeerServer a = new PeerServer("freshet");
        PeerServer b = new PeerServer("freshet");
        Fleet fleet = begun(nanos::get, 0, a, b)) {
      Replica failing = acquire(fleet);
      fleet.release(failing);
      for (long ms : new long[] {100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000}) {
        fleet.failed(failing);
        nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(ms) - 1);
        fleet.failed(failing); // Counts as one with the first.
        assertThat(isOffered(fleet, failing)).as("within %d ms", ms).isFalse();
        nanos.addAndGet(1);
        assertThat(isOffered(fleet, failing)).as("after %d ms", ms).isTrue();
      }
      fleet.succeeded(failing);
      fleet.failed(failing);
      nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(100));
      assertThat(isOffered(fleet, failing)).isTrue();
    }
  }

  @Test
  void aCancelledRolloutDoesNotWaitForServersThatBackOff() throws Exception {
    try (PeerServer a = new PeerServer("freshet");
        Fleet fleet = begun(MonotonicClock.SYSTEM, 0, a)) {
      Calls scope = new Calls();
      fleet.failed(acquire(fleet));
      Thread.ofPlatform().daemon().start(scope::cancel);

      assertThat(fleet.acquire(Optional.empty(), scope)).isEmpty();
    }
  }

  @Test
  void aVersionIsInTheJournalBeforeAServerIsAskedAndServedOnceAllHaveIt() throws Exception {
    try (PeerServer a = new PeerServer("freshet");
        Fleet fleet = begun(MonotonicClock.SYSTEM, 0, a)) {
      a.arm(new Plan("/update_weights", Fault.STOPPED, true));
      FutureTask<UpdateResult> update = inBackground(fleet, first, 1);
      Conditions.await("the call", () -> a.calls.contains("/update_weights"));
      assertThat(journal).containsExactly("begin 0", "sent 1 " + a.url());
      assertThat(fleet.policyVersion()).isZero();
      a.continues();

      update.get(30, TimeUnit.SECONDS);
      assertThat(fleet.requested(1)).isTrue();
      assertThat(fleet.requested(9)).isFalse();
    }
  }

  @Test
  void serversOfFourProgramsMoveAsOneAndNoTableHasTwoVersions() throws Exception {
    List<RoutingTable> tables = new CopyOnWriteArrayList<>();
    AtomicBoolean watching = new AtomicBoolean(true);
    try (PeerServer a = new PeerServer("freshet");
        PeerServer b = new PeerServer("vllm");
        PeerServer c = new PeerServer("sglang");
        PeerServer d = new PeerServer("prime-rl");
        Fleet fleet = begun(MonotonicClock.SYSTEM, 0, a, b, c, d)) {
      Thread watcher =
          Thread.ofPlatform()
              .daemon()
              .start(
                  () -> {
                    while (watching.get()) {
                      tables.add(fleet.table());
                      Thread.onSpinWait();
                    }
                  });
      assertThat(fleet.update(target(first, 1)).failures()).isEmpty();
      UpdateResult result = fleet.update(target(second, 2));
      watching.set(false);
      watcher.join(30_000);

      assertThat(result.outcome()).isEqualTo(Outcome.COMMITTED);
      assertThat(fleet.policyVersion()).isEqualTo(2);
      assertThat(fleet.table().routes())
          .extracting(RoutingTable.Route::policyVersion)
          .containsExactly(2L, 2L, 2L, 2L);
      for (PeerServer server : List.of(a, b, c, d)) {
        assertThat(server.serves(second)).as("%s", server).isTrue();
        assertThat(server.violations).isEmpty();
      }
      Set<RoutingTable> seen = new HashSet<>(tables);
      assertThat(seen)
          .allSatisfy(
              table ->
                  assertThat(table.routes())
                      .allMatch(route -> route.policyVersion() == table.policyVersion()));
      assertThat(result.replicas()).hasSize(4);
      assertThat(result.replicas().get(1).phases())
          .containsKeys(FleetPhase.PAUSE, FleetPhase.APPLY, FleetPhase.ASK, FleetPhase.RESUME);
      assertThat(result.blame().orElseThrow().ms()).isPositive();
    }
  }

  @Test
  void anAdapterIsLoadedBesideTheTrafficServedFromTheCommitAndUnloadedOnceItsStreamsHaveEnded()
      throws Exception {
    try (PeerServer a = new PeerServer("vllm-lora");
        PeerServer b = new PeerServer("vllm-lora");
        Fleet fleet = begun(MonotonicClock.SYSTEM, 0, a, b)) {
      assertThat(fleet.update(target(first, 1)).failures()).isEmpty();
      assertThat(fleet.table().routes())
          .extracting(RoutingTable.Route::model)
          .containsExactly(Optional.of("policy@v1"), Optional.of("policy@v1"));
      assertThat(fleet.update(target(second, 2)).committed()).isTrue();
      a.busyAdapter = "policy@v1";
      assertThat(fleet.update(target(first, 3)).committed()).isTrue();

      assertThat(a.adapters).containsOnlyKeys("policy@v1", "policy@v2", "policy@v3");
      assertThat(b.adapters).containsOnlyKeys("policy@v2", "policy@v3");
      b.missing.add("/v1/load_lora_adapter");
      assertThat(fleet.update(target(second, 4)).outcome()).isEqualTo(Outcome.ROLLED_BACK);
      assertThat(a.adapters).doesNotContainKey("policy@v4").containsKey("policy@v3");
      assertThat(fleet.policyVersion()).isEqualTo(3);
      assertThat(a.requests).noneMatch(call -> call.contains("load_inplace"));
    }
  }

  @Test
  void theAdapterThatServesStaysLoadedUntilAnotherDoes() throws Exception {
    try (PeerServer a = new PeerServer("vllm-lora");
        Fleet fleet = begun(MonotonicClock.SYSTEM, 0, a)) {
      assertThat(fleet.update(target(first, 1)).failures()).isEmpty();
      a.adapters.put("policy@v7", second); // Of an update that was undone while it was loading.
      assertThat(fleet.update(target(second, 2)).failures()).isEmpty();
      assertThat(a.adapters).containsOnlyKeys("policy@v1", "policy@v2");

      var _ = fleet.update(target(second, 2));
      assertThat(a.adapters).containsKey("policy@v2");
      assertThat(a.requests)
          .noneMatch(call -> call.contains("unload") && call.contains("policy@v2"));
    }
  }

  @Test
  void anAdapterThatServesStaysLoadedWhenAnUpdateToItsVersionIsUndone() throws Exception {
    try (PeerServer a = new PeerServer("vllm-lora");
        PeerServer refusing = new PeerServer("freshet");
        Fleet fleet = begun(MonotonicClock.SYSTEM, 0, a, refusing)) {
      assertThat(fleet.update(target(first, 1)).failures()).isEmpty();
      refusing.missing.add("/update_weights#prepare");

      assertThat(fleet.update(target(first, 1)).outcome()).isEqualTo(Outcome.ROLLED_BACK);
      assertThat(a.adapters).containsOnlyKeys("policy@v1");
      assertThat(a.requests).noneMatch(call -> call.contains("unload"));
    }
  }

  @Test
  void aServerThatRefusesWhatAnotherPreparesIsSetAsideAndTheOtherKeepsItsVersion()
      throws Exception {
    try (PeerServer good = new PeerServer("freshet");
        PeerServer refusing = new PeerServer("freshet");
        Fleet fleet = begun(MonotonicClock.SYSTEM, 0, good, refusing)) {
      refusing.missing.add("/update_weights#prepare");
      UpdateResult result = fleet.update(target(first, 1));

      assertThat(result.outcome()).isEqualTo(Outcome.ROLLED_BACK);
      assertThat(fleet.policyVersion()).isZero();
      assertThat(good.serves("base")).isTrue();
      assertThat(good.calls).contains("/update_weights#rollback");
      assertThat(journal).contains("failed 1 " + refusing.url()).doesNotContain("served 1");
      assertThat(fleet.update(target(first, 1)).committed()).as("without it").isTrue();
      assertThat(good.serves(first)).isTrue();
      refusing.missing.clear();
      Conditions.await("its return", () -> fleet.table().routes().size() == 2);
      assertThat(refusing.serves(first)).isTrue();
      assertThat(fleet.replicas().get(1).incarnation()).isGreaterThan(1);
    }
  }

  @Test
  void withAQuorumTheOthersMoveWithoutTheOneThatRefuses() throws Exception {
    try (PeerServer good = new PeerServer("freshet");
        PeerServer refusing = new PeerServer("freshet");
        Fleet fleet = begun(MonotonicClock.SYSTEM, 1, good, refusing)) {
      refusing.missing.add("/update_weights#prepare");
      UpdateResult result = fleet.update(target(first, 1));

      assertThat(result.committed()).isTrue();
      assertThat(result.failures()).singleElement().asString().contains("HTTP 404");
      assertThat(acquire(fleet).address().admin()).isEqualTo(good.url());
    }
  }

  @Test
  void whatEveryServerRefusesLeavesAllServingTheOldVersion() throws Exception {
    for (int count : new int[] {1, 2}) {
      try (PeerServer a = new PeerServer("freshet");
          PeerServer b = new PeerServer("freshet");
          Fleet fleet =
              begun(
                  MonotonicClock.SYSTEM,
                  0,
                  List.of(a, b).subList(0, count).toArray(PeerServer[]::new))) {
        for (PeerServer server : List.of(a, b)) {
          server.missing.addAll(List.of("/update_weights#prepare", "/update_weights"));
        }
        UpdateResult result = fleet.update(target(first, 1));

        assertThat(result.outcome()).isEqualTo(Outcome.REFUSED);
        assertThat(fleet.table().routes()).hasSize(count);
        assertThat(fleet.policyVersion()).isZero();
        assertThat(journal).doesNotContain("served 1");
      }
    }
  }

  @Test
  void belowTheQuorumThoseThatMovedReturnToTheVersionBefore() throws Exception {
    try (PeerServer moved = new PeerServer("vllm");
        PeerServer failing = new PeerServer("vllm");
        Fleet fleet = begun(MonotonicClock.SYSTEM, 0, moved, failing)) {
      assertThat(fleet.update(target(first, 1)).committed()).isTrue();
      failing.arm(new Plan("/collective_rpc", Fault.FAILS, false));
      UpdateResult result = fleet.update(target(second, 2));

      assertThat(result.outcome()).isEqualTo(Outcome.ROLLED_BACK);
      assertThat(result.toString()).contains("1 of 2 servers updated, expected at least 2");
      assertThat(fleet.policyVersion()).isEqualTo(1);
      assertThat(moved.serves(first)).isTrue();
      Conditions.await("its repair", () -> fleet.table().routes().size() == 2);
      assertThat(failing.serves(first)).isTrue();
      assertThat(failing.violations).isEmpty();
    }
  }

  @Test
  void whatAServerAnswersInAnUpdateThatIsThenRolledBackDoesNotCountAgainstIt() throws Exception {
    try (PeerServer moved = new PeerServer("vllm");
        PeerServer failing = new PeerServer("vllm");
        Fleet fleet = begun(MonotonicClock.SYSTEM, 0, moved, failing)) {
      assertThat(fleet.update(target(first, 1)).committed()).isTrue();
      PeerServer.Held load = failing.hold("/collective_rpc");
      failing.arm(new Plan("/collective_rpc", Fault.FAILS, false));
      PeerServer.Held asked = moved.hold("/weight_info");
      asked.awaitReceived();
      FutureTask<UpdateResult> update = inBackground(fleet, second, 2);
      Conditions.await("its load", () -> moved.name.startsWith("2@"));
      asked.takeEffect();
      load.release();
      assertThat(update.get(30, TimeUnit.SECONDS).outcome()).isEqualTo(Outcome.ROLLED_BACK);
      PeerServer.Held next = moved.hold("/weight_info");
      asked.release();
      next.awaitReceived();
      next.release();

      assertThat(fleet.replicas().getFirst().setAside()).isEmpty();
      assertThat(moved.serves(first)).isTrue();
    }
  }

  @Test
  void anUpdateThatCannotBeRecordedDoesNotAdvanceAndSaysWhoMustActOnWhatIsPaused()
      throws Exception {
    try (PeerServer a = new PeerServer("vllm");
        Fleet fleet = begun(MonotonicClock.SYSTEM, 0, a)) {
      unrecordable = true;

      assertThatThrownBy(() -> fleet.update(target(first, 1)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("disk full");
      assertThat(fleet.policyVersion()).isZero();
      assertThat(fleet.table().routes()).isEmpty();
      assertThat(fleet.replicas().getFirst().state()).isEqualTo(ReplicaState.UNKNOWN);
      assertThat(fleet.replicas().getFirst().why().orElseThrow())
          .contains("it is paused", "start the fleet again");
    }
  }

  @Test
  void aPausedServerThatSaysItsFirstVersionLoadsBeforeItIsResumed() throws Exception {
    try (PeerServer server = new PeerServer("vllm");
        Fleet fleet = fleet(MonotonicClock.SYSTEM, 0, server)) {
      server.weights = "none"; // Whoever paused it was killed while it loaded.
      server.paused = true;
      fleet.begin(LONG, () -> false);

      assertThat(server.serves("base")).isTrue();
      assertThat(server.paused).isFalse();
      assertThat(server.violations).isEmpty();
    }
  }

  @Test
  void twoUpdatesAtOnceFollowOneAnother() throws Exception {
    try (PeerServer a = new PeerServer("vllm");
        PeerServer b = new PeerServer("freshet");
        Fleet fleet = begun(MonotonicClock.SYSTEM, 0, a, b)) {
      a.arm(new Plan("/collective_rpc", Fault.STOPPED, false));
      FutureTask<UpdateResult> one = inBackground(fleet, first, 1);
      Conditions.await("its load", () -> a.calls.contains("/collective_rpc"));
      FutureTask<UpdateResult> two = inBackground(fleet, second, 2);
      a.continues();

      assertThat(one.get(30, TimeUnit.SECONDS).committed()).isTrue();
      assertThat(two.get(30, TimeUnit.SECONDS).committed()).isTrue();
      assertThat(fleet.policyVersion()).isEqualTo(2);
      assertThat(a.serves(second) && b.serves(second)).isTrue();
      assertThat(a.violations).isEmpty();
    }
  }

  @Test
  void aServerWhoseBaseModelIsAnotherVersionIsRejectedAtTheStart() throws Exception {
    try (PeerServer a = new PeerServer("freshet");
        PeerServer other = new PeerServer("freshet");
        Fleet fleet = fleet(MonotonicClock.SYSTEM, 0, a, other)) {
      other.name = "5";
      other.baseName = "5";

      assertThatThrownBy(() -> fleet.begin(LONG, () -> false))
          .isInstanceOf(FleetException.class)
          .hasMessageContaining("cannot bring every server to version 0")
          .hasMessageContaining(other.url() + ": it serves version 5, expected 0");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "vllm, vllm:num_requests_running, vllm:num_requests_waiting",
    "sglang, sglang:num_running_reqs, sglang:num_queue_reqs"
  })
  void requestsOfOthersThatAnEngineReportsCountAsItsLoad(
      String kind, String running, String waiting) throws Exception {
    try (PeerServer busy = new PeerServer(kind);
        PeerServer idle = new PeerServer(kind)) {
      busy.metrics =
          "# TYPE %s gauge\n%s{engine=\"0\"} 4.0\n%s{engine=\"1\"} 3.0\n%s_by_reason{reason=\"capacity\"} 90.0\n%s{engine=\"0\"} 3.0\n"
              .formatted(running, running, running, waiting, waiting);
      idle.metrics = "%s{engine=\"0\"} 0.0\n%s{engine=\"0\"} 0.0\n".formatted(running, waiting);
      try (Fleet fleet = begun(MonotonicClock.SYSTEM, 0, busy, idle)) {
        Conditions.await(
            "the report of the busy server",
            () -> {
              try {
                Replica chosen = acquire(fleet);
                fleet.release(chosen);
                return chosen.address().admin().equals(idle.url());
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            });

        List<URI> chosen = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
          chosen.add(acquire(fleet).address().admin());
        }
        assertThat(chosen.subList(0, 10)).containsOnly(idle.url());
        assertThat(chosen.subList(10, 12)).contains(busy.url());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"freshet", "vllm", "sglang", "dynamo"})
  void twoFleetsOfOneServerStopTakingItFromEachOtherAndSaySo(String kind) throws Exception {
    try (PeerServer server = new PeerServer(kind);
        Fleet one = begun(MonotonicClock.SYSTEM, 0, server)) {
      try (Fleet two = begun(MonotonicClock.SYSTEM, 0, server)) {
        assertThat(one.update(target(first, 1)).committed()).isTrue();

        Conditions.await("the word of the other fleet", () -> isContested(two));
        assertThat(two.replicas().getFirst().contested().orElseThrow())
            .contains("another program updates it too", "version 1", "stop that program");
      }
      Conditions.await("the return to the other fleet", () -> !one.table().routes().isEmpty());
      assertThat(one.update(target(second, 2)).committed()).isTrue();
      assertThat(server.serves(second)).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"vllm", "sglang", "dynamo"})
  void twoFleetsThatBothLoadTheSameNumberAreToldApartByTheirAttempts(String kind) throws Exception {
    try (PeerServer server = new PeerServer(kind);
        Fleet one = begun(MonotonicClock.SYSTEM, 0, server);
        Fleet two = fleet(MonotonicClock.SYSTEM, 0, server)) {
      assertThat(one.update(target(first, 1)).committed()).isTrue();
      two.begin(target(first, 1), LONG, () -> false);
      var _ = two.update(target(second, 1));

      Conditions.await("the word of the first fleet", () -> isContested(one));
      assertThat(server.violations).isEmpty();
    }
  }

  @Test
  void anAdapterOfAnotherFleetIsFoundAsSoonAsItReplacesTheOneThatIsServed() throws Exception {
    try (PeerServer server = new PeerServer("vllm-lora");
        Fleet one = begun(MonotonicClock.SYSTEM, 0, server);
        Fleet two = begun(MonotonicClock.SYSTEM, 0, server)) {
      assertThat(one.update(target(first, 1)).committed()).isTrue();
      for (long version = 5; version < 8; version++) {
        assertThat(two.update(target(second, version)).committed()).isTrue();
      }

      Conditions.await("the word of the first fleet", () -> isContested(one));
    }
  }

  @Test
  void aRestartIsNoEvidenceOfAnotherFleet() throws Exception {
    for (String kind : List.of("freshet", "vllm", "sglang", "vllm-lora")) {
      try (PeerServer server = new PeerServer(kind);
          Fleet fleet = begun(MonotonicClock.SYSTEM, 0, server)) {
        assertThat(fleet.update(target(first, 1)).committed()).isTrue();
        server.kill();
        server.start();
        Conditions.await(
            "its return",
            () -> fleet.replicas().getFirst().incarnation() == 2 && server.serves(first));

        assertThat(isContested(fleet)).as(kind).isFalse();
      }
    }
  }

  private static boolean isContested(Fleet fleet) {
    return fleet.replicas().getFirst().contested().isPresent();
  }

  @ParameterizedTest
  @ValueSource(strings = {"vllm", "sglang"})
  void aServerThatIsRestartedBeforeItsResumeGetsNoRolloutsOfTheNewVersion(String kind)
      throws Exception {
    try (PeerServer restarts = new PeerServer(kind);
        PeerServer other = new PeerServer("vllm");
        Fleet fleet = begun(MonotonicClock.SYSTEM, 1, restarts, other)) {
      String resume = kind.equals("vllm") ? "/resume" : "/continue_generation";
      restarts.arm(new PeerServer.Plan(resume, PeerServer.Fault.RESTARTED, false));
      UpdateResult result = fleet.update(target(first, 1));

      assertThat(result.committed()).isTrue();
      assertThat(result.failures())
          .singleElement()
          .asString()
          .contains("after the resume it serves version default, expected 1@", "restarted");
      Conditions.await("it is caught up", () -> fleet.table().routes().size() == 2);
      assertThat(restarts.serves(first)).isTrue();
      assertThat(restarts.violations).isEmpty();
    }
  }

  @Test
  void theOnlyServerThatFailedAnUpdateReturnsWithoutWaitingForOthers() throws Exception {
    Duration look = Duration.ofSeconds(3);
    FleetOptions options =
        new FleetOptions(PhaseDeadlines.all(LONG), 0, look, LONG, Optional.empty());
    try (PeerServer server = new PeerServer("vllm");
        Fleet fleet =
            new Fleet(
                List.of(server.spec()),
                Optional.empty(),
                options,
                UpdateJournal.NONE,
                EventLog.silent(MonotonicClock.SYSTEM))) {
      var _ = fleet.begin(LONG, () -> false);
      server.arm(new PeerServer.Plan("/collective_rpc", PeerServer.Fault.FAILS, false));
      assertThat(fleet.update(target(first, 1)).committed()).isFalse();

      Conditions.await("its return", () -> !fleet.table().routes().isEmpty());
      assertThat(fleet.update(target(first, 1)).committed()).isTrue();
    }
  }

  @Test
  void aPrimeRlServerWhoseEngineDoesNotRespondGetsNoRequests() throws Exception {
    try (PeerServer server = new PeerServer("prime-rl");
        Fleet fleet = begun(MonotonicClock.SYSTEM, 0, server)) {
      server.unresponsive = true;
      Conditions.await("the end of its requests", () -> fleet.table().routes().isEmpty());
      assertThat(fleet.replicas().getFirst().why().orElseThrow())
          .contains("/liveness: HTTP 503", "engine_unresponsive");

      server.unresponsive = false;
      Conditions.await("its return", () -> !fleet.table().routes().isEmpty());
    }
  }

  @Test
  void thatAnotherProgramHasPausedAServerInRotationIsAWaitForItsResume() throws Exception {
    try (PeerServer server = new PeerServer("vllm");
        Fleet fleet = begun(MonotonicClock.SYSTEM, 0, server)) {
      String resume = "the resume of server " + server.url();
      assertThat(fleet.table().routes()).isNotEmpty();
      server.paused = true;
      Conditions.await("the wait", () -> isAwaited(resume));

      server.paused = false;
      Conditions.await("its end", () -> !isAwaited(resume));
    }
  }

  private static boolean isAwaited(String what) {
    return Waits.open().stream().anyMatch(wait -> wait.what().equals(what) && wait.holds());
  }

  @Test
  void aServerThatIsRestartedOnOldWeightsIsCaughtUpAsAnotherIncarnation() throws Exception {
    try (PeerServer a = new PeerServer("freshet");
        PeerServer b = new PeerServer("vllm");
        Fleet fleet = begun(MonotonicClock.SYSTEM, 0, a, b)) {
      assertThat(fleet.update(target(first, 1)).committed()).isTrue();
      b.kill();
      b.start();

      Conditions.await(
          "the catch-up",
          () -> b.serves(first) && fleet.replicas().get(1).state() == ReplicaState.SERVING);
      assertThat(fleet.replicas().get(1).incarnation()).isEqualTo(2);
      assertThat(a.serves(first)).isTrue();
    }
  }

  private FutureTask<UpdateResult> inBackground(Fleet fleet, String directory, long version) {
    FutureTask<UpdateResult> update =
        new FutureTask<>(() -> fleet.update(target(directory, version)));
    Thread.ofPlatform().daemon().start(update);
    return update;
  }

  private static Target target(String directory, long version) {
    return Target.of(version, directory, UpdateMode.KEEP);
  }

  private static boolean isOffered(Fleet fleet, Replica server) throws InterruptedException {
    Replica one = acquire(fleet);
    Replica two = acquire(fleet);
    fleet.release(one);
    fleet.release(two);
    return one == server || two == server;
  }

  private static Replica acquire(Fleet fleet) throws InterruptedException {
    return fleet.acquire(Optional.empty(), new Calls()).orElseThrow();
  }

  private Fleet begun(MonotonicClock clock, int quorum, PeerServer... servers)
      throws InterruptedException {
    Fleet fleet = fleet(clock, quorum, servers);
    var _ = fleet.begin(LONG, () -> false);
    return fleet;
  }

  private Fleet fleet(MonotonicClock clock, int quorum, PeerServer... servers) {
    return new Fleet(
        new ArrayList<>(Arrays.stream(servers).map(PeerServer::spec).toList()),
        Optional.empty(),
        new FleetOptions(
            PhaseDeadlines.all(LONG), quorum, Duration.ofMillis(10), LONG, Optional.empty()),
        new Journal(),
        EventLog.silent(clock));
  }

  private final class Journal implements UpdateJournal {
    @Override
    public void begin(long version) {
      journal.add("begin " + version);
    }

    @Override
    public void sent(long version, String server, TraceId trace) {
      journal.add("sent %d %s".formatted(version, server));
    }

    @Override
    public void failed(long version, String server, TraceId trace) {
      journal.add("failed %d %s".formatted(version, server));
    }

    @Override
    public void served(long version) {
      if (unrecordable) {
        throw new IllegalStateException("disk full");
      }
      journal.add("served " + version);
    }
  }
}
