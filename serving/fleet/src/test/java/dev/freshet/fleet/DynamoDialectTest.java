package dev.freshet.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.AdminException;
import dev.freshet.client.Conditions;
import dev.freshet.client.ScriptedServer;
import dev.freshet.fleet.PeerServer.Fault;
import dev.freshet.fleet.PeerServer.Plan;
import dev.freshet.fleet.dialect.Dialects;
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

/** A Dynamo deployment of several workers, which is one replica of the fleet. */
@Timeout(60)
class DynamoDialectTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final EventLog SILENT = EventLog.silent(MonotonicClock.SYSTEM);

  @TempDir private static Path dir;
  private static String first;
  private static String second;

  @BeforeAll
  static void publish() {
    first = Checkpoints.publish(dir, 1, Checkpoints.MODEL).toString();
    second = Checkpoints.publish(dir, 2, Checkpoints.MODEL).toString();
  }

  @Test
  void everyWorkerIsPausedLoadedAskedAndResumed() throws Exception {
    try (PeerServer one = new PeerServer("dynamo");
        PeerServer two = new PeerServer("dynamo")) {
      one.workers.add(two);
      try (Fleet fleet = begun(one)) {
        UpdateResult result = fleet.update(target(first, 1));

        assertThat(result.failures()).isEmpty();
        assertThat(result.replicas().getFirst().notes())
            .singleElement()
            .asString()
            .startsWith("mode keep was carried out as recompute");
        for (PeerServer worker : List.of(one, two)) {
          assertThat(worker.serves(first)).as("%s", worker).isTrue();
          assertThat(worker.violations).isEmpty();
          assertThat(worker.requests)
              .containsSubsequence(
                  "/engine/pause_generation {\"mode\":\"keep\",\"clear_cache\":true}",
                  "/engine/update_weights_from_disk {\"model_path\":\"%s\",\"weight_version\":\"%s\"}"
                      .formatted(first, one.name),
                  "/engine/get_weight_version {}",
                  "/engine/resume_generation {}");
        }
      }
    }
  }

  @Test
  void aWorkerThatJoinsLaterLoadsTheCurrentWeightsBeforeRequestsGoOn() throws Exception {
    try (PeerServer one = new PeerServer("dynamo");
        PeerServer two = new PeerServer("dynamo");
        Fleet fleet = begun(one)) {
      assertThat(fleet.update(target(first, 1)).committed()).isTrue();
      one.workers.add(two);

      Conditions.await("the load of the new worker", () -> two.serves(first));
      Conditions.await("the return of the replica", () -> !fleet.table().routes().isEmpty());
      assertThat(fleet.replicas().getFirst().incarnation()).isGreaterThan(1);
      assertThat(two.violations).isEmpty();
      assertThat(fleet.update(target(second, 2)).committed()).isTrue();
      assertThat(two.serves(second)).isTrue();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "/engine/pause_generation, UNSUCCESSFUL",
    "/engine/pause_generation, FAILS",
    "/engine/update_weights_from_disk, UNSUCCESSFUL",
    "/engine/update_weights_from_disk, FAILS"
  })
  void ifOneWorkerFailsAllReturnToTheVersionBefore(String call, Fault fault) throws Exception {
    try (PeerServer one = new PeerServer("dynamo");
        PeerServer two = new PeerServer("dynamo")) {
      one.workers.add(two);
      try (Fleet fleet = begun(one)) {
        assertThat(fleet.update(target(first, 1)).committed()).isTrue();
        two.arm(new Plan(call, fault, false));
        UpdateResult result = fleet.update(target(second, 2));

        assertThat(result.committed()).isFalse();
        assertThat(result.failures()).anyMatch(f -> f.contains("1 of 2 workers failed"));
        Conditions.await("the return of the replica", () -> !fleet.table().routes().isEmpty());
        for (PeerServer worker : List.of(one, two)) {
          assertThat(worker.serves(first)).as("%s", worker).isTrue();
          assertThat(worker.violations).isEmpty();
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'protocol_version':2,'workers':[{'system_url':'http://a'}]} | protocol_version: expected 1, got 2",
        "{'protocol_version':1,'workers':[]} | no workers, expected at least one",
        "{'protocol_version':1,'workers':[{'system_url':'https://a/x'}]} | system_url: expected http://HOST:PORT, got 'https://a/x'",
        "{'protocol_version':1,'workers':[{'instance_id':1}]} | system_url: expected one of every worker",
        "{'protocol_version':1,'workers':[{'system_url':'http://a','routes':['pause_generation','resume_generation','get_weight_version']}]} | worker http://a: expected the routes update_weights_from_disk"
      })
  void aDiscoveryThatListsNoWorkersThatCanBeUpdatedIsRefused(String list, String message)
      throws Exception {
    try (ScriptedServer discovery =
            new ScriptedServer(
                connection -> {
                  connection.readRequest();
                  connection.json("200 OK", list.replace('\'', '"'));
                });
        AdminClient client = new AdminClient(discovery.url(), AdminDeadlines.DEFAULT, SILENT)) {
      assertThatThrownBy(() -> Dialects.DYNAMO.ask(client, 1))
          .isInstanceOf(AdminException.class)
          .hasMessageContaining(message);
    }
  }

  private static Target target(String directory, long version) {
    return Target.of(version, directory, UpdateMode.KEEP);
  }

  private static Fleet begun(PeerServer server) throws InterruptedException {
    Fleet fleet =
        new Fleet(
            List.of(server.spec()),
            Optional.empty(),
            new FleetOptions(
                PhaseDeadlines.all(LONG), 0, Duration.ofMillis(20), LONG, Optional.empty()),
            UpdateJournal.NONE,
            SILENT);
    var _ = fleet.begin(LONG, () -> false);
    return fleet;
  }
}
