package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Map;
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
}
