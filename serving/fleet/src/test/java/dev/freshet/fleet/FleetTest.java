package dev.freshet.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.client.Calls;
import dev.freshet.client.ScriptedServer;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.TraceId;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Rotation and updates of a fleet, on a clock that stands unless the test advances it. */
@Timeout(60)
class FleetTest {
  private static final Path STEP_8 = Path.of("/w/step_8");

  private final AtomicLong nanos = new AtomicLong();
  private final List<String> journal = new CopyOnWriteArrayList<>();

  @Test
  void aRolloutGoesToTheServerWithTheFewest() throws Exception {
    try (ScriptedServer a = Peers.serve(Peers.freshet(8));
        ScriptedServer b = Peers.serve(Peers.freshet(8));
        Fleet fleet = fleet(a, b)) {
      Replica first = acquire(fleet);
      Replica second = acquire(fleet);
      assertThat(second).isNotSameAs(first);
      fleet.release(first);
      assertThat(acquire(fleet)).isSameAs(first);
      assertThat(fleet.rollouts()).isEqualTo(2);
    }
  }

  @Test
  void aServerThatFailsBacksOffTwiceAsLongEachTimeUntilItSucceeds() throws Exception {
    try (ScriptedServer a = Peers.serve(Peers.freshet(8));
        ScriptedServer b = Peers.serve(Peers.freshet(8));
        Fleet fleet = fleet(a, b)) {
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
    try (ScriptedServer a = Peers.serve(Peers.freshet(8));
        Fleet fleet = fleet(a)) {
      Calls scope = new Calls();
      Replica only = acquire(fleet);
      fleet.failed(only);
      Thread.ofPlatform().daemon().start(scope::cancel);

      assertThat(fleet.acquire(Optional.empty(), scope)).isEmpty();
    }
  }

  @Test
  void aVersionIsInTheJournalBeforeAServerIsAskedAndServedOnceAllHaveIt() throws Exception {
    List<String> whenAsked = new CopyOnWriteArrayList<>();
    try (ScriptedServer a =
            new ScriptedServer(
                connection -> {
                  connection.readRequest();
                  whenAsked.addAll(journal);
                  connection.json("200 OK", Peers.freshetAnswer(8));
                });
        Fleet fleet = fleet(a)) {
      assertThat(fleet.update(STEP_8, 8)).hasOnlyElementsOfType(ServerUpdate.Acknowledged.class);

      assertThat(whenAsked).containsExactly("sent 8 " + a.url());
      assertThat(journal).containsExactly("sent 8 " + a.url(), "served 8");
      assertThat(fleet.policyVersion()).isEqualTo(8);
      assertThat(fleet.requested(8)).isTrue();
      assertThat(fleet.requested(9)).isFalse();
    }
  }

  @Test
  void aServerThatRefusesWhatAnotherAcknowledgesIsQuarantined() throws Exception {
    try (ScriptedServer good = Peers.serve(Peers.freshet(8));
        ScriptedServer refusing = Peers.serve(Map.of());
        Fleet fleet = fleet(good, refusing)) {
      fleet.update(STEP_8, 8);

      assertThat(fleet.policyVersion()).isEqualTo(8);
      assertThat(fleet.replicas())
          .extracting(ReplicaStatus::state)
          .containsExactly(ReplicaState.SERVING, ReplicaState.QUARANTINED);
      assertThat(fleet.table().routes())
          .extracting(RoutingTable.Route::policyVersion)
          .containsExactly(8L);
      assertThat(journal).contains("failed 8 " + refusing.url());
      for (int i = 0; i < 4; i++) {
        assertThat(acquire(fleet).address().admin()).isEqualTo(good.url());
      }
    }
  }

  @Test
  void whatEveryServerRefusesLeavesAllInRotationOnTheOldVersion() throws Exception {
    try (ScriptedServer a = Peers.serve(Map.of());
        ScriptedServer b = Peers.serve(Map.of());
        Fleet fleet = fleet(a, b)) {
      assertThat(fleet.update(STEP_8, 8)).hasOnlyElementsOfType(ServerUpdate.Refused.class);

      assertThat(fleet.policyVersion()).isZero();
      assertThat(fleet.replicas()).allMatch(replica -> replica.state() == ReplicaState.SERVING);
      assertThat(journal).doesNotContain("served 8");
    }
  }

  @Test
  void anUpdateThatQuarantinesEveryServerFails() throws Exception {
    try (ScriptedServer wrong = Peers.serve(Peers.freshet(7));
        Fleet fleet = fleet(wrong)) {
      assertThatThrownBy(() -> fleet.update(STEP_8, 8))
          .isInstanceOf(FleetException.class)
          .hasMessageContaining("no inference server is left in rotation")
          .hasMessageContaining("acknowledged version 7, expected 8");
      assertThatThrownBy(() -> acquire(fleet)).isInstanceOf(FleetException.class);
    }
  }

  private static boolean isOffered(Fleet fleet, Replica server) throws InterruptedException {
    Replica first = acquire(fleet);
    Replica second = acquire(fleet);
    fleet.release(first);
    fleet.release(second);
    return first == server || second == server;
  }

  private static Replica acquire(Fleet fleet) throws InterruptedException {
    return fleet.acquire(Optional.empty(), new Calls()).orElseThrow();
  }

  private Fleet fleet(ScriptedServer... servers) {
    return new Fleet(
        Arrays.stream(servers).map(s -> new ServerAddress(s.url(), s.url())).toList(),
        Optional.empty(),
        Duration.ofSeconds(30),
        new Journal(),
        EventLog.silent(nanos::get));
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
      journal.add("served " + version);
    }
  }
}
