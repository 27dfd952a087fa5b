package dev.freshet.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.client.Conditions;
import dev.freshet.fleet.PeerServer.Fault;
import dev.freshet.fleet.PeerServer.Plan;
import dev.freshet.fleet.dialect.Target;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.UpdateMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A server that is restarted while it is paused: the new process accepts the resume, with the
 * weights that it was started with.
 */
@Timeout(60)
class RestartBeforeResumeTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir private static Path dir;
  private static String first;
  private static String second;

  @BeforeAll
  static void publish() {
    first = Checkpoints.publish(dir, 1, Checkpoints.MODEL).toString();
    second = Checkpoints.publish(dir, 2, Checkpoints.MODEL).toString();
  }

  /**
   * @param failing the call that makes another server fail: before any has loaded, or after
   */
  @ParameterizedTest
  @CsvSource({
    "vllm, /resume, /pause",
    "vllm, /resume, /collective_rpc",
    "sglang, /continue_generation, /pause",
    "sglang, /continue_generation, /collective_rpc"
  })
  void afterARollBackItGetsNoRequestsBeforeItHasLoaded(String kind, String resume, String failing)
      throws Exception {
    try (PeerServer restarts = new PeerServer(kind);
        PeerServer fails = new PeerServer("vllm");
        Fleet fleet = begun(restarts, fails)) {
      fails.arm(new Plan(failing, Fault.FAILS, false));
      restarts.arm(new Plan(resume, Fault.RESTARTED, false));
      long returns = fleet.replicas().getFirst().returns();
      UpdateResult result = fleet.update(target(second, 2));

      assertThat(result.committed()).isFalse();
      assertThat(result.replicas().getFirst().failure().orElseThrow())
          .contains("after the resume it serves version default, expected 1", "restarted");
      bothServeFirst(fleet, restarts, fails);
      assertThat(fleet.replicas().getFirst().returns()).isEqualTo(returns + 1);
    }
  }

  @Test
  void inACatchUpItGetsNoRequestsBeforeItHasLoaded() throws Exception {
    try (PeerServer restarts = new PeerServer("vllm");
        PeerServer other = new PeerServer("vllm");
        Fleet fleet = begun(restarts, other)) {
      restarts.arm(new Plan("/pause", Fault.FAILS, true));
      PeerServer.Held resume = restarts.hold("/resume");
      long returns = fleet.replicas().getFirst().returns();
      assertThat(fleet.update(target(second, 2)).committed()).isFalse();
      resume.awaitReceived();
      restarts.arm(new Plan("/resume", Fault.RESTARTED, false));
      resume.release();

      bothServeFirst(fleet, restarts, other);
      assertThat(fleet.replicas().getFirst().returns()).isEqualTo(returns + 1);
    }
  }

  private static void bothServeFirst(Fleet fleet, PeerServer a, PeerServer b) throws Exception {
    Conditions.await(
        "both serve the first version: " + fleet.replicas(),
        () -> fleet.table().routes().size() == 2 && a.serves(first) && b.serves(first));
    assertThat(a.violations).isEmpty();
    assertThat(b.violations).isEmpty();
  }

  private static Target target(String directory, long version) {
    return Target.of(version, directory, UpdateMode.KEEP);
  }

  /** A fleet that serves the first version. */
  private static Fleet begun(PeerServer... servers) throws InterruptedException {
    Fleet fleet =
        new Fleet(
            List.of(servers).stream().map(PeerServer::spec).toList(),
            Optional.empty(),
            new FleetOptions(
                PhaseDeadlines.all(LONG), 0, Duration.ofMillis(10), LONG, Optional.empty()),
            UpdateJournal.NONE,
            EventLog.silent(MonotonicClock.SYSTEM));
    var _ = fleet.begin(LONG, () -> false);
    assertThat(fleet.update(target(first, 1)).committed()).isTrue();
    return fleet;
  }
}
