package dev.freshet.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.client.Conditions;
import dev.freshet.fleet.ChaosProxy.Trouble;
import dev.freshet.fleet.dialect.Dialects;
import dev.freshet.fleet.dialect.Target;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.UpdateMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A server behind a network that delays, loses and resets, in every phase of an update. */
@Timeout(120)
class NetworkFaultsTest {
  static final List<String> KINDS =
      List.of("freshet", "vllm", "vllm-lora", "sglang", "prime-rl", "dynamo");

  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir private static Path dir;
  private static String first;
  private static String second;

  @BeforeAll
  static void publish() {
    first = Checkpoints.publish(dir, 1, Checkpoints.MODEL).toString();
    second = Checkpoints.publish(dir, 2, Checkpoints.MODEL).toString();
  }

  record Case(String kind, String call, Trouble trouble) {}

  private static Stream<Case> cases(Trouble... troubles) {
    List<Case> cases = new ArrayList<>();
    UpdateCalls.BY_KIND.forEach(
        (kind, calls) -> {
          for (String call : calls) {
            for (Trouble trouble : troubles) {
              cases.add(new Case(kind, call, trouble));
            }
          }
        });
    return cases.stream();
  }

  static Stream<Case> resets() {
    return cases(Trouble.RESETS_REQUEST, Trouble.RESETS_ANSWER);
  }

  @ParameterizedTest
  @MethodSource("resets")
  void aConnectionThatIsResetLeavesNoServerBehind(Case example) throws Exception {
    survives(example, LONG);
  }

  /** They wait for their deadlines at the same time. */
  @ParameterizedTest
  @FieldSource("KINDS")
  void aCallThatIsLostEndsWithItsPhaseAndLeavesNoServerBehind(String kind) throws Exception {
    List<FutureTask<Case>> running = new ArrayList<>();
    for (Case example :
        cases(Trouble.LOSES_REQUEST, Trouble.LOSES_ANSWER)
            .filter(c -> c.kind().equals(kind))
            .toList()) {
      FutureTask<Case> task =
          new FutureTask<>(
              () -> {
                survives(example, Duration.ofSeconds(3));
                return example;
              });
      running.add(task);
      Thread.ofPlatform().daemon().start(task);
    }
    for (FutureTask<Case> task : running) {
      assertThat(task.get(100, TimeUnit.SECONDS)).isNotNull();
    }
  }

  @ParameterizedTest
  @FieldSource("KINDS")
  void aSlowNetworkOnlyTakesLonger(String kind) throws Exception {
    try (PeerServer server = new PeerServer(kind);
        ChaosProxy network = new ChaosProxy(server.url());
        Fleet fleet = fleet(LONG, spec(kind, network))) {
      server.listedAt = Optional.of(network.url());
      network.delay(Duration.ofMillis(30));
      fleet.begin(LONG, () -> false);
      assertThat(fleet.update(Target.of(1, first, UpdateMode.KEEP)).failures()).isEmpty();
      assertThat(fleet.update(Target.of(2, second, UpdateMode.KEEP)).failures()).isEmpty();

      assertThat(server.serves(second)).isTrue();
      assertThat(server.violations).isEmpty();
    }
  }

  private static void survives(Case example, Duration deadline) throws Exception {
    try (PeerServer healthy = new PeerServer("freshet");
        PeerServer failing = new PeerServer(example.kind());
        ChaosProxy network = new ChaosProxy(failing.url());
        Fleet fleet = fleet(deadline, healthy.spec(), spec(example.kind(), network))) {
      failing.listedAt = Optional.of(network.url());
      fleet.begin(LONG, () -> false);
      assertThat(fleet.update(Target.of(1, first, UpdateMode.KEEP)).committed()).isTrue();
      network.next(example.call(), example.trouble());
      UpdateResult result = fleet.update(Target.of(2, second, UpdateMode.KEEP));

      assertThat(network.hasStruck()).isTrue();
      // A loaded machine may be late for a short deadline on the healthy server too.
      assertThat(result.committed() || !deadline.equals(LONG))
          .as("one server is the quorum: %s", result)
          .isTrue();
      String served = result.committed() ? second : first;
      ReplicaStatus status = fleet.replicas().get(1);
      status
          .why()
          .ifPresent(why -> assertThat(why).containsAnyOf("the fleet", "The fleet", "restart"));
      heal(fleet, failing, network);
      Conditions.await(
          "both serve %s: %s, %s".formatted(served, fleet.replicas(), failing),
          () ->
              fleet.table().routes().size() == 2
                  && failing.serves(served)
                  && healthy.serves(served));
      assertThat(failing.violations).isEmpty();
      assertThat(healthy.violations).isEmpty();
    }
  }

  /** What an operator does: restarts the host of a server whose load may still be running. */
  private static void heal(Fleet fleet, PeerServer failing, ChaosProxy network) throws Exception {
    network.heal();
    if (fleet.replicas().get(1).state() == ReplicaState.UNKNOWN) {
      failing.kill(); // The network still accepts connections to it.
      Conditions.await(
          "its end is noticed", () -> fleet.replicas().get(1).state() == ReplicaState.GONE);
      failing.start();
    }
  }

  private static ReplicaSpec spec(String kind, ChaosProxy network) {
    return new ReplicaSpec(new ServerAddress(network.url(), network.url()), Dialects.named(kind));
  }

  private static Fleet fleet(Duration deadline, ReplicaSpec... specs) {
    return new Fleet(
        List.of(specs),
        Optional.empty(),
        new FleetOptions(
            PhaseDeadlines.all(deadline), 1, Duration.ofMillis(10), LONG, Optional.empty()),
        UpdateJournal.NONE,
        EventLog.silent(MonotonicClock.SYSTEM));
  }
}
