package dev.freshet.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.client.Conditions;
import dev.freshet.fleet.dialect.Target;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.UpdateMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The comparison of what replicas have loaded, by vLLM's checksums. */
@Timeout(60)
class LoadedWeightsTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir private static Path dir;
  private static String first;
  private static String second;

  @BeforeAll
  static void publish() {
    first = Checkpoints.publish(dir, 1, Checkpoints.MODEL).toString();
    second = Checkpoints.publish(dir, 2, Checkpoints.MODEL).toString();
  }

  @Test
  void equalWeightsAreComparedAfterTheResume() throws Exception {
    try (PeerServer a = new PeerServer("vllm");
        PeerServer b = new PeerServer("vllm");
        PeerServer c = new PeerServer("freshet");
        Fleet fleet = begun(a, b, c)) {
      assertThat(notes(fleet.update(target(first, 1)))).isEmpty();
      assertThat(notes(fleet.update(target(second, 2)))).isEmpty();

      assertThat(fleet.table().routes()).hasSize(3);
      assertThat(a.calls).containsSubsequence("/resume", "/weight_checker");
      assertThat(b.calls).containsSubsequence("/resume", "/weight_checker");
    }
  }

  @Test
  void aServerWhoseLoadHadNoEffectLoadsAgainBeforeItGetsRequests() throws Exception {
    try (PeerServer a = new PeerServer("vllm");
        PeerServer b = new PeerServer("vllm");
        PeerServer c = new PeerServer("vllm");
        Fleet fleet = begun(a, b, c)) {
      b.loadsWithoutEffect.set(1);
      UpdateResult result = fleet.update(target(first, 1));

      assertThat(notes(result))
          .singleElement()
          .asString()
          .contains("1 of 2 tensors of version 1 have other checksums", "such as tp0:a");
      Conditions.await("the return of the server", () -> fleet.table().routes().size() == 3);
      assertThat(loads(b)).isEqualTo(2);
      assertThat(incarnations(fleet)).containsExactly(1L, 2L, 1L);
    }
  }

  @Test
  void aServerThatHasTheSameOtherWeightsAfterASecondLoadKeepsThem() throws Exception {
    try (PeerServer a = new PeerServer("vllm");
        PeerServer b = new PeerServer("vllm");
        PeerServer c = new PeerServer("vllm");
        Fleet fleet = begun(a, b, c)) {
      c.hardware = "other";
      assertThat(notes(fleet.update(target(first, 1)))).hasSize(1);

      Conditions.await("the return of the server", () -> fleet.table().routes().size() == 3);
      assertThat(loads(c)).isEqualTo(2);
    }
  }

  @Test
  void aLoadAfterWhichEverythingIsAsBeforeIsTold() throws Exception {
    try (PeerServer server = new PeerServer("vllm");
        Fleet fleet = begun(server)) {
      assertThat(notes(fleet.update(target(first, 1)))).isEmpty();
      server.loadsWithoutEffect.set(1);

      assertThat(notes(fleet.update(target(second, 2))))
          .containsExactly(
              "its weights are those of version 1: the load had no effect, or the checkpoints are"
                  + " equal");
    }
  }

  @Test
  void aServerWithoutTheRouteIsNotComparedAndOneThatFailsIsTold() throws Exception {
    try (PeerServer a = new PeerServer("vllm");
        PeerServer b = new PeerServer("vllm");
        Fleet fleet = begun(a, b)) {
      a.missing.add("/weight_checker");
      b.arm(new PeerServer.Plan("/weight_checker", PeerServer.Fault.FAILS, false));

      assertThat(notes(fleet.update(target(first, 1))))
          .singleElement()
          .asString()
          .startsWith("its weights were not compared: POST " + b.url() + "/weight_checker");
      assertThat(fleet.table().routes()).hasSize(2);
    }
  }

  private static List<String> notes(UpdateResult result) {
    assertThat(result.committed()).isTrue();
    return result.replicas().stream().flatMap(r -> r.notes().stream()).toList();
  }

  private static long loads(PeerServer server) {
    return server.calls.stream().filter("/collective_rpc"::equals).count();
  }

  private static List<Long> incarnations(Fleet fleet) {
    return fleet.replicas().stream().map(ReplicaStatus::incarnation).toList();
  }

  private static Target target(String directory, long version) {
    return Target.of(version, directory, UpdateMode.KEEP);
  }

  private static Fleet begun(PeerServer... servers) throws InterruptedException {
    Fleet fleet =
        new Fleet(
            Arrays.stream(servers).map(PeerServer::spec).toList(),
            Optional.empty(),
            new FleetOptions(
                    PhaseDeadlines.all(LONG), 0, Duration.ofMillis(20), LONG, Optional.empty())
                .comparing(true),
            UpdateJournal.NONE,
            EventLog.silent(MonotonicClock.SYSTEM));
    var _ = fleet.begin(LONG, () -> false);
    return fleet;
  }
}
