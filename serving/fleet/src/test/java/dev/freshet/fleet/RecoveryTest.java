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
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A fleet that ends in the middle of an update, and the one that starts after it. */
@Timeout(60)
class RecoveryTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir private static Path weights;
  @TempDir private Path dir;
  private static String first;
  private static String second;

  @BeforeAll
  static void publish() {
    first = Checkpoints.publish(weights, 1, Checkpoints.MODEL).toString();
    second = Checkpoints.publish(weights, 2, Checkpoints.MODEL).toString();
  }

  /**
   * @param finished whether all serve the target; empty if a late call decides
   */
  record Crash(int server, String call, boolean carriedOut, Optional<Boolean> finished) {
    @Override
    public String toString() {
      return "%s %s".formatted(carriedOut ? "after" : "in", call);
    }
  }

  static Stream<Crash> crashes() {
    return Stream.of(
        new Crash(0, "/update_weights#prepare", true, Optional.of(false)),
        new Crash(1, "/pause", false, Optional.of(false)),
        new Crash(1, "/pause", true, Optional.of(false)),
        new Crash(1, "/collective_rpc", true, Optional.of(false)),
        new Crash(1, "/update_weight_version", false, Optional.empty()),
        new Crash(1, "/update_weight_version", true, Optional.of(false)),
        new Crash(0, "/update_weights#commit", false, Optional.empty()),
        new Crash(0, "/update_weights#commit", true, Optional.of(true)),
        new Crash(1, "/resume", false, Optional.of(true)),
        new Crash(1, "/resume", true, Optional.of(true)));
  }

  @ParameterizedTest
  @MethodSource("crashes")
  void anInterruptedUpdateIsFinishedIfAllServeItAndUndoneOtherwise(Crash crash) throws Exception {
    try (PeerServer a = new PeerServer("freshet");
        PeerServer b = new PeerServer("vllm")) {
      PeerServer crashing = List.of(a, b).get(crash.server());
      try (Fleet fleet = fleet(a, b)) {
        fleet.begin(LONG, () -> false);
        assertThat(fleet.update(target(first, 1)).committed()).isTrue();
        crashing.arm(new Plan(crash.call(), Fault.STOPPED, crash.carriedOut()));
        Thread update = inBackground(fleet);
        Conditions.await("the stop", crashing::isStopped);
        update.interrupt();
        update.join(30_000);
        assertThat(fleet.replicas())
            .allMatch(r -> r.state() == ReplicaState.SERVING || r.why().isPresent());
      }
      crashing.continues();
      try (Fleet fleet = fleet(a, b)) {
        fleet.begin(LONG, () -> false);

        long version = fleet.policyVersion();
        crash.finished().ifPresent(all -> assertThat(version).isEqualTo(all ? 2 : 1));
        String expected = version == 2 ? second : first;
        Conditions.await(
            "both serve version " + version, () -> a.serves(expected) && b.serves(expected));
        assertThat(b.violations).isEmpty();
        assertThat(new TransactionJournal(journal()).open()).isEmpty();
        UpdateResult next = fleet.update(target(second, 3));
        assertThat(next.committed()).as("%s", next).isTrue();
      }
    }
  }

  @Test
  void aServerThatWasLeftWithoutWeightsLoadsBeforeItIsResumed() throws Exception {
    try (PeerServer a = new PeerServer("freshet");
        PeerServer b = new PeerServer("vllm")) {
      Target target = target(second, 2);
      new TransactionJournal(journal()).begin(target, Optional.of(target(first, 1)), List.of());
      b.paused = true;
      b.weights = "none";
      b.name = "1@0123456789abcdef";
      try (Fleet fleet = fleet(a, b)) {
        fleet.begin(LONG, () -> false);

        assertThat(b.serves(first)).isTrue();
        assertThat(b.violations).isEmpty();
      }
    }
  }

  @Test
  void anEventThatACrashHasTornDoesNotCount() throws Exception {
    TransactionJournal journal = new TransactionJournal(journal());
    Target target = target(second, 2);
    journal.begin(target, Optional.empty(), List.of("http://a:1"));
    Files.writeString(journal(), "{\"event\":\"comm", StandardOpenOption.APPEND);

    TransactionJournal.Open open = journal.open().orElseThrow();
    assertThat(open.committed()).isFalse();
    assertThat(open.target().name()).isEqualTo(target.name());
    assertThat(open.target().directory()).hasValue(second);
  }

  @Test
  void theEndOfATransactionDoesNotEndTheOneAfterIt() {
    TransactionJournal journal = new TransactionJournal(journal());
    Target one = target(first, 1);
    Target two = target(second, 2);
    journal.begin(one, Optional.empty(), List.of("http://a:1"));
    journal.committed(one);
    journal.begin(two, Optional.of(one), List.of("http://a:1"));
    journal.ended(one);

    TransactionJournal.State state = journal.state();
    assertThat(state.open().orElseThrow().target().name()).isEqualTo(two.name());
    assertThat(state.served().orElseThrow().version()).isEqualTo(1);
    assertThat(state.servers()).containsExactly("http://a:1");
  }

  @Test
  void aLineAfterATornOneIsALineOfItsOwn() throws Exception {
    TransactionJournal journal = new TransactionJournal(journal());
    Target one = target(first, 1);
    journal.begin(one, Optional.empty(), List.of("http://a:1"));
    Files.writeString(journal(), "{\"event\":\"comm", StandardOpenOption.APPEND);
    Target two = target(second, 2);
    journal.begin(two, Optional.of(one), List.of("http://a:1"));
    journal.committed(two);

    assertThat(journal.state().served().orElseThrow().version()).isEqualTo(2);
  }

  private Thread inBackground(Fleet fleet) {
    return Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
              try {
                fleet.update(target(second, 2));
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
  }

  private static Target target(String directory, long version) {
    return Target.of(version, directory, UpdateMode.KEEP);
  }

  private Path journal() {
    return dir.resolve("fleet.jsonl");
  }

  private Fleet fleet(PeerServer... servers) {
    return new Fleet(
        Stream.of(servers).map(PeerServer::spec).toList(),
        Optional.empty(),
        new FleetOptions(
            PhaseDeadlines.all(LONG), 0, Duration.ofMillis(10), LONG, Optional.of(journal())),
        UpdateJournal.NONE,
        EventLog.silent(MonotonicClock.SYSTEM));
  }
}
