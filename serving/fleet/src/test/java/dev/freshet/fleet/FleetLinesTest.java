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
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a fleet writes to the log of its role. */
@Timeout(60)
class FleetLinesTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final String MS = "\\d+\\.\\d";

  @TempDir private Path dir;

  private final List<String> lines = new CopyOnWriteArrayList<>();

  @Test
  void anUpdateIsALineForEachReplicaAndOneForAllAndNamesTheSlowest() throws Exception {
    try (PeerServer a = new PeerServer("freshet");
        PeerServer b = new PeerServer("vllm");
        Fleet fleet = begun(a, b)) {
      assertThat(fleet.update(target(1)).committed()).isTrue();

      List<String> fleetLines = ofFleet();
      assertThat(fleetLines.getFirst()).isEqualTo("[fleet] begin version=0 servers=2");
      assertThat(fleetLines)
          .contains(
              "[fleet] replica.state server=%s state=serving version=0 incarnation=1 paused=no"
                  .formatted(a.url()),
              "[fleet] replica.state server=%s state=paused version=0 incarnation=1 paused=yes"
                  .formatted(b.url()));
      List<String> last = fleetLines.subList(fleetLines.size() - 3, fleetLines.size());
      assertThat(last.get(0))
          .matches(
              ("\\[fleet\\]\\[[0-9a-f]{16}\\] replica\\.done wall_ms=%s server=%s kind=freshet"
                      + " version=1 target=1 outcome=moved queue_ms=%s prepare_ms=%s apply_ms=%s")
                  .formatted(MS, a.url(), MS, MS, MS));
      assertThat(last.get(1))
          .contains("server=" + b.url(), "kind=vllm", " pause_ms=", " resume_ms=");
      assertThat(last.get(2))
          .matches(
              ("\\[fleet\\] update\\.done version=1 outcome=committed servers=2 wall_ms=%s"
                      + " slowest=http://\\S+ phase=[a-z]+ phase_ms=%s")
                  .formatted(MS, MS));
      assertThat(fleetLines.get(fleetLines.size() - 4))
          .isEqualTo(
              "[fleet] replica.state server=%s state=serving version=1 incarnation=1 paused=no"
                  .formatted(b.url()));
    }
  }

  @Test
  void aReplicaThatIsLeftPausedHasALineThatSaysSoAndOneWhenItServesAgain() throws Exception {
    try (PeerServer a = new PeerServer("vllm");
        PeerServer b = new PeerServer("vllm");
        Fleet fleet = begun(a, b)) {
      b.arm(new Plan("/collective_rpc", Fault.FAILS, false));
      assertThat(fleet.update(target(1)).committed()).isFalse();

      String state = "[fleet] replica.state server=" + b.url() + " state=";
      assertThat(ofFleet())
          .contains(state + "quarantined version=0 incarnation=1 paused=yes")
          .anyMatch(line -> line.contains("outcome=failed") && line.contains(b.url().toString()))
          .anyMatch(line -> line.startsWith("[fleet] update.done version=1 outcome=rolled_back"));
      Conditions.await(
          "its return",
          () -> ofFleet().contains(state + "serving version=0 incarnation=2 paused=no"));
    }
  }

  private List<String> ofFleet() {
    return lines.stream().filter(line -> line.startsWith("[fleet]")).toList();
  }

  private Target target(long version) {
    String weights = Checkpoints.publish(dir, version, Checkpoints.MODEL).toString();
    return Target.of(version, weights, UpdateMode.KEEP);
  }

  private Fleet begun(PeerServer... servers) throws InterruptedException {
    Fleet fleet =
        new Fleet(
            List.of(servers).stream().map(PeerServer::spec).toList(),
            Optional.empty(),
            new FleetOptions(
                PhaseDeadlines.all(LONG), 0, Duration.ofMillis(10), LONG, Optional.empty()),
            UpdateJournal.NONE,
            new EventLog(lines::add, MonotonicClock.SYSTEM));
    var _ = fleet.begin(LONG, () -> false);
    return fleet;
  }
}
