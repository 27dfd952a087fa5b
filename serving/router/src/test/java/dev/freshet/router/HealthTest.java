package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which replicas get requests, by what is known of their health. */
@Timeout(120)
class HealthTest {
  private static final Map<String, String> ROUND_ROBIN = Map.of("policy", "round_robin");

  private static double state(FrontFixture front, ScriptedReplica replica) {
    return front.metric("freshet_route_upstream_state{replica=\"%s\"}".formatted(replica.name()));
  }

  private static int ask(FrontFixture front) {
    try {
      return RawClient.exchange(front.data(), RawClient.get("/")).status();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 404, 429, 500, 503})
  void anAnswerOfWhateverStatusIsASignOfLife(int status) throws Exception {
    ScriptedReplica.Script refuses =
        (_, connection) ->
            connection.write("HTTP/1.1 %d No\r\ncontent-length: 0\r\n\r\n".formatted(status));
    try (ScriptedReplica replica = new ScriptedReplica(refuses);
        FrontFixture front = FrontFixture.of(ROUND_ROBIN, replica)) {
      for (int i = 0; i < 20; i++) {
        assertThat(ask(front)).isEqualTo(status);
      }
      assertThat(state(front, replica)).isEqualTo(2);
      assertThat(
              front.metric(
                  "freshet_route_answers_total{replica=\"%s\",status=\"%dxx\"}"
                      .formatted(replica.name(), status / 100)))
          .isEqualTo(20);
    }
  }

  @Test
  void aReplicaWhoseProbesFailGetsNoRequestsUntilTheySucceed() throws Exception {
    try (ScriptedReplica sick = new ScriptedReplica(ScriptedReplica.json("{}"));
        ScriptedReplica other = new ScriptedReplica(ScriptedReplica.json("{}"));
        FrontFixture front = FrontFixture.of(ROUND_ROBIN, sick, other)) {
      sick.healthy = false;
      FrontFixture.await("it is down", () -> state(front, sick) == 0);
      int before = sick.arrived.size();
      for (int i = 0; i < 10; i++) {
        assertThat(ask(front)).isEqualTo(200);
      }
      assertThat(sick.arrived).hasSize(before);

      sick.healthy = true;
      FrontFixture.await("it is up", () -> ask(front) == 200 && state(front, sick) == 2);
      assertThat(sick.arrived).isNotEmpty();
    }
  }

  @Test
  void aReplicaThatIsKilledAndRestartedIsUsedAgain() throws Exception {
    ScriptedReplica first = new ScriptedReplica(ScriptedReplica.json("{}"));
    int port = first.port();
    try (ScriptedReplica other = new ScriptedReplica(ScriptedReplica.json("{}"));
        FrontFixture front = FrontFixture.of(ROUND_ROBIN, first, other)) {
      first.close();
      FrontFixture.await("it is down", () -> ask(front) == 200 && state(front, first) == 0);
      try (ScriptedReplica again = new ScriptedReplica(ScriptedReplica.json("{}"), port)) {
        FrontFixture.await("it is up", () -> ask(front) == 200 && state(front, first) == 2);
        assertThat(again.arrived).isNotEmpty();
      }
    }
  }

  @Test
  void aReplicaOnTrialGetsOneRequestAtATime() throws Exception {
    AtomicInteger atOnce = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    ScriptedReplica.Script breaks =
        (_, connection) -> {
          most.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
          atOnce.decrementAndGet();
          connection.reset();
        };
    try (ScriptedReplica broken = new ScriptedReplica(breaks);
        ScriptedReplica other = new ScriptedReplica(ScriptedReplica.json("{}"));
        FrontFixture front =
            FrontFixture.of(
                Map.of("policy", "round_robin", "failures_to_down", "1"), broken, other)) {
      FrontFixture.await("several trials", () -> ask(front) == 200 && broken.arrived.size() > 5);
      assertThat(most.get()).isEqualTo(1);
    }
  }

  @Test
  void aTrialWhoseClientLeavesBeforeTheAnswerGoesToTheRequestThatWaits() throws Exception {
    ScriptedReplica.Script silentForOne =
        (request, connection) -> {
          if (request.path().equals("/silent")) {
            connection.awaitEnd();
          } else {
            connection.write(ScriptedReplica.ok("{}"));
          }
        };
    try (ScriptedReplica replica = new ScriptedReplica(silentForOne);
        FrontFixture front = FrontFixture.of(replica)) {
      replica.healthy = false;
      FrontFixture.await("it is down", () -> state(front, replica) == 0);
      replica.healthy = true;
      FrontFixture.await("its trial", () -> state(front, replica) == 1);
      try (RawClient waits = new RawClient(front.data())) {
        RawClient leaves = new RawClient(front.data());
        leaves.send(RawClient.get("/silent"));
        FrontFixture.await("the request of the trial", () -> !replica.arrived.isEmpty());
        waits.send(RawClient.get("/"));
        FrontFixture.await("the other waits", () -> front.metric("freshet_route_waiting") == 1);
        leaves.close();

        assertThat(waits.answer(false).status()).isEqualTo(200);
        assertThat(state(front, replica)).isEqualTo(2);
      }
    }
  }

  @Test
  void aStreamThatOutlivesAnOutageOfTheProbesEndsTheTrial() throws Exception {
    CountDownLatch continues = new CountDownLatch(1);
    ScriptedReplica.Script streams =
        (request, connection) -> {
          if (!request.path().equals("/stream")) {
            connection.write(ScriptedReplica.ok("{}"));
            return;
          }
          connection.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n");
          awaits(continues);
          connection.write("1\r\nb\r\n");
          connection.awaitEnd();
        };
    try (ScriptedReplica replica = new ScriptedReplica(streams);
        FrontFixture front = FrontFixture.of(replica);
        RawClient stream = new RawClient(front.data())) {
      stream.send(RawClient.get("/stream"));
      stream.head();
      assertThat(stream.chunk()).isEqualTo("a");
      replica.healthy = false;
      FrontFixture.await("it is down", () -> state(front, replica) == 0);
      replica.healthy = true;
      FrontFixture.await("its trial", () -> state(front, replica) == 1);
      continues.countDown();
      assertThat(stream.chunk()).isEqualTo("b");

      assertThat(ask(front)).isEqualTo(200);
    }
  }

  @Test
  void aReplicaThatIsStoppedDelaysNoRequestToAnotherAndAnswersItsOwnOnceItContinues()
      throws Exception {
    List<RawClient> clients = new ArrayList<>();
    try (ScriptedReplica stops = new ScriptedReplica(ScriptedReplica.json("{}"));
        ScriptedReplica other = new ScriptedReplica(ScriptedReplica.json("{}"));
        FrontFixture front =
            FrontFixture.of(
                Map.of("policy", "round_robin", "probe_timeout_ms", "200"), stops, other)) {
      stops.stopped = new CountDownLatch(1);
      for (int i = 0; i < 6; i++) {
        clients.add(new RawClient(front.data()));
        clients.getLast().send(RawClient.get("/"));
      }
      FrontFixture.await("the share of the other", () -> other.arrived.size() == 3);
      FrontFixture.await("it is down", () -> state(front, stops) == 0);
      for (int i = 0; i < 6; i++) {
        assertThat(ask(front)).isEqualTo(200);
      }
      assertThat(stops.arrived).isEmpty();
      stops.stopped.countDown();

      for (RawClient client : clients) {
        assertThat(client.answer(false).status()).isEqualTo(200);
      }
      FrontFixture.await("it is up", () -> ask(front) == 200 && state(front, stops) == 2);
    } finally {
      for (RawClient client : clients) {
        client.close();
      }
    }
  }

  @Test
  void replicasThatAllDieUnderRequestsAreUsedAgainWhenTheyReturn() throws Exception {
    ScriptedReplica.Script dies = (_, connection) -> connection.reset();
    ScriptedReplica one = new ScriptedReplica(dies);
    ScriptedReplica two = new ScriptedReplica(dies);
    List<Integer> ports = List.of(one.port(), two.port());
    try (FrontFixture front =
        FrontFixture.of(Map.of("policy", "round_robin", "queue_timeout_s", "1"), one, two)) {
      one.close();
      two.close();
      for (int i = 0; i < 10; i++) {
        assertThat(ask(front)).isIn(502, 503);
      }
      try (ScriptedReplica _ = new ScriptedReplica(ScriptedReplica.json("{}"), ports.get(0));
          ScriptedReplica _ = new ScriptedReplica(ScriptedReplica.json("{}"), ports.get(1))) {
        FrontFixture.await(
            "both are up",
            () -> ask(front) == 200 && state(front, one) == 2 && state(front, two) == 2);
      }
    }
  }

  private static void awaits(CountDownLatch latch) throws IOException {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }
}
