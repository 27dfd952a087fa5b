package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.client.Calls;
import dev.freshet.client.StreamingClient;
import dev.freshet.environments.Environment;
import dev.freshet.environments.PromptFormat;
import dev.freshet.environments.Split;
import dev.freshet.fleet.Fleet;
import dev.freshet.fleet.FleetOptions;
import dev.freshet.fleet.ReplicaSpec;
import dev.freshet.fleet.dialect.Dialects;
import dev.freshet.fleet.dialect.Target;
import dev.freshet.rollouts.BatchStore;
import dev.freshet.rollouts.Trajectory;
import dev.freshet.rollouts.UpdateLog;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.time.RoleClock;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.wire.UpdateMode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Rollouts of three turns of two tokens on two servers, of which the first is asked first. */
@Timeout(60)
class RolloutVersionsTest {
  private static final Sampling SAMPLING = new Sampling(1, 1, 8);

  @TempDir Path dir;
  private TestServer first;
  private TestServer second;
  private CheckpointStore weights;
  private Fleet fleet;
  private StreamingClient client;

  @BeforeEach
  void serveVersions1And2() throws Exception {
    first = server();
    second = server();
    weights = new CheckpointStore(dir.resolve("weights"));
    UpdateLog log = new BatchStore(dir.resolve("rollouts")).updates();
    log.begin(0);
    fleet =
        new Fleet(
            Stream.of(first, second)
                .map(server -> new ReplicaSpec(server.address(), Dialects.FRESHET))
                .toList(),
            Optional.empty(),
            FleetOptions.of(Duration.ofSeconds(10)),
            new LoggedUpdates(log, false),
            new EventLog(line -> {}, MonotonicClock.SYSTEM));
    fleet.begin(Duration.ofSeconds(30), () -> false);
    client = new StreamingClient();
    update(1);
    update(2);
  }

  private static TestServer server() throws IOException {
    return new TestServer((prompt, seed, version) -> new int[] {50 + prompt.length, 9});
  }

  private void update(long step) throws InterruptedException {
    TestTrainer.publish(weights, step);
    fleet.update(Target.of(step, weights.path(step).toString(), UpdateMode.KEEP));
  }

  @AfterEach
  void close() {
    client.close();
    fleet.close();
    first.close();
    second.close();
  }

  @Test
  void aServerOlderThanTheDispatchVersionIsReplacedByAnother() throws Exception {
    first.version = 1;

    assertThat(versions(play(2))).containsOnly(2);
    assertThat(first.prompts).hasSize(1);
    assertThat(second.prompts).hasSize(3);
  }

  @Test
  void aCompletionWhoseVersionsFallIsRetriedOnAnotherServer() throws Exception {
    first.gate = prompt -> TestServer.Fate.VERSION_FALLS;

    assertThat(versions(play(1))).containsOnly(2);
    assertThat(first.prompts).hasSize(1);
    assertThat(second.prompts).hasSize(3);
  }

  @Test
  void aRolloutWhoseVersionsFallBetweenTurnsIsRetriedOnAnotherServer() throws Exception {
    first.gate =
        prompt -> {
          first.version = prompt.length > 2 ? 1 : 2;
          return TestServer.Fate.WELL;
        };

    assertThat(versions(play(1))).containsOnly(2);
    assertThat(first.prompts).hasSize(2);
    assertThat(second.prompts).hasSize(3);
  }

  @Test
  void tokensOfAVersionThatNoServerWasAskedForAreRetriedOnAnotherServer() throws Exception {
    first.version = 9;

    assertThat(versions(play(1))).containsOnly(2);
    assertThat(first.prompts).hasSize(1);
  }

  @Test
  void aRolloutThatCrossesAnUpdateIsKept() throws Exception {
    first.gate =
        prompt -> {
          if (prompt.length == 6) {
            update(3);
          }
          return TestServer.Fate.WELL;
        };

    assertThat(versions(play(2))).containsExactly(2, 2, 3, 3, 3, 3);
    assertThat(second.prompts).isEmpty();
  }

  @Test
  void versionsThatTheServerDoesNotReportAreMarkedAsSynthesised() throws Exception {
    assertThat(trajectory(play(2)).synthesisedCount()).isZero();
    first.reportsVersions = false;

    Trajectory synthesised = trajectory(play(2));

    assertThat(synthesised.synthesised()).isEqualTo(synthesised.generated());
    assertThat(synthesised.policyVersions()).contains(2);
  }

  @Test
  void aRolloutWaitsForServersThatAreAllOldUntilTheFleetHasUpdatedThem() throws Exception {
    first.version = 1;
    second.version = 1;

    assertThat(versions(play(2))).containsOnly(2);
  }

  private RolloutResult play(long dispatchVersion) throws InterruptedException {
    Environment environment = NumberTurns.three();
    PromptFormat format = new NumbersFormat();
    Duration deadline = Duration.ofSeconds(10);
    RoleClock time = RoleTimes.clock(MonotonicClock.SYSTEM);
    try (EnvironmentCalls calls = new EnvironmentCalls(2, deadline, MonotonicClock.SYSTEM, time)) {
      RolloutRunner runner =
          new RolloutRunner(
              fleet,
              new Completions(fleet, client, format.stopTokenIds(), deadline, time),
              calls,
              format,
              new EpisodeConfig(32, 60, 60, 2, 0.5, 64),
              TestRun.MOST_TOKENS,
              Optional.empty(),
              MonotonicClock.SYSTEM,
              time);
      return runner.run(
          environment,
          environment.problem(Split.TRAIN, 0),
          SAMPLING,
          1,
          dispatchVersion,
          new Calls(),
          RolloutLog.NONE);
    }
  }

  private static Trajectory trajectory(RolloutResult result) {
    assertThat(result).isInstanceOf(RolloutResult.Done.class);
    return ((RolloutResult.Done) result).trajectory();
  }

  private static int[] versions(RolloutResult result) {
    return Arrays.stream(trajectory(result).policyVersions())
        .filter(version -> version >= 0)
        .toArray();
  }
}
