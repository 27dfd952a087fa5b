package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.fleet.Checkpoints;
import dev.freshet.router.ChaosPlan.Round;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A front of three servers of different programs in random trouble: calls fail, are lost or end the
 * process, servers are stopped, killed and restarted on old weights, two orchestrators or two
 * fronts update them at once, and the front ends or is killed in the middle of an update. Whatever
 * the order: a request is answered by a version that the fleet states, an answer is whole or
 * visibly broken, no server stays paused without a line that says who must act, and once the
 * trouble is over all serve one version and the journal has no open transaction.
 *
 * <p>{@code -Dfreshet.chaos.seeds=FROM-TO} runs other seeds, {@code -Dfreshet.chaos.seeds=N} one.
 */
@Timeout(300)
class FleetChaosTest {
  @TempDir private static Path weights;
  private static final List<String> DIRECTORIES = new ArrayList<>(List.of("base"));
  @TempDir private Path dir;

  @BeforeAll
  static void publish() {
    for (int version = 1; version < ChaosPlan.VERSIONS; version++) {
      DIRECTORIES.add(Checkpoints.publish(weights, version, Checkpoints.MODEL).toString());
    }
  }

  static LongStream seeds() {
    String[] range = System.getProperty("freshet.chaos.seeds", "1-3").split("-", 2);
    return LongStream.rangeClosed(
        Long.parseLong(range[0]), Long.parseLong(range[range.length - 1]));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void whateverHappensTheFleetSaysWhatItServesAndServesIt(long seed) throws Exception {
    ChaosPlan plan = ChaosPlan.of(seed);
    List<String> happened = new CopyOnWriteArrayList<>();
    StatedVersions stated = new StatedVersions();
    try (ChaosFleet fleet = new ChaosFleet(plan, dir);
        ChaosClients clients = new ChaosClients(fleet::data, stated, DIRECTORIES)) {
      try {
        run(plan, fleet, clients, stated, happened);
      } catch (Exception | AssertionError e) {
        throw new AssertionError(report(plan, happened, fleet), e);
      }
    }
  }

  private static void run(
      ChaosPlan plan,
      ChaosFleet fleet,
      ChaosClients clients,
      StatedVersions stated,
      List<String> happened)
      throws Exception {
    ChaosOrders orders = new ChaosOrders(fleet, stated, DIRECTORIES, happened::add);
    FleetInvariants invariants = new FleetInvariants(fleet, DIRECTORIES);
    fleet.start();
    invariants.allServeOneVersion();
    clients.start();
    assertThat(orders.update(1)).isEqualTo(200);
    for (Round round : plan.rounds()) {
      orders.prepare(round.order());
      stated.is(invariants.allServeOneVersion());
      for (int i = 0; i < round.faults().size(); i++) {
        fleet.strike(i, round.faults().get(i));
      }
      happened.add("round: " + round);
      orders.carryOut(round.order());
      invariants.nothingIsPausedWithoutALine();
      fleet.heal();
      int version = invariants.allServeOneVersion();
      stated.is(version);
      happened.add("all serve version " + version);
      assertThat(clients.failures()).isEmpty();
      invariants.noServerWasMistreated();
    }
  }

  private static String report(ChaosPlan plan, List<String> happened, ChaosFleet fleet)
      throws IOException {
    List<String> lines = new ArrayList<>();
    lines.add(
        "seed %d of %s, quorum %d; -Dfreshet.chaos.seeds=%d repeats it"
            .formatted(plan.seed(), plan.kinds(), plan.quorum(), plan.seed()));
    lines.addAll(happened);
    fleet.members().forEach(m -> lines.add(m.network().url() + " is " + m.server()));
    lines.add("the front says: " + fleet.says("/replicas"));
    lines.add("its journal:");
    lines.addAll(Files.exists(fleet.journal()) ? Files.readAllLines(fleet.journal()) : List.of());
    return String.join("\n", lines);
  }
}
