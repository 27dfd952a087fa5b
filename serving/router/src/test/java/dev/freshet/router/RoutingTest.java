package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which replica gets a request. */
@Timeout(120)
class RoutingTest {
  private static final String STREAM = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

  @TempDir Path dir;
  private final List<ScriptedReplica> replicas = new ArrayList<>();
  private final CountDownLatch end = new CountDownLatch(1);

  /** Answers with its own name; a request for /hold only when the test ends. */
  @BeforeEach
  void start() throws Exception {
    for (int i = 0; i < 3; i++) {
      replicas.add(
          new ScriptedReplica(
              (request, connection) -> {
                if (request.path().equals("/hold")) {
                  connection.write(STREAM);
                  awaitEnd();
                } else {
                  connection.write(
                      ScriptedReplica.ok("127.0.0.1:" + connection.socket.getLocalPort()));
                }
              }));
    }
  }

  private void awaitEnd() {
    try {
      end.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @AfterEach
  void stop() throws Exception {
    end.countDown();
    for (ScriptedReplica replica : replicas) {
      replica.close();
    }
  }

  private FrontFixture front(Map<String, String> keys) {
    return FrontFixture.of(keys, replicas.toArray(ScriptedReplica[]::new));
  }

  /** The replica that answers a request. */
  private static String ask(FrontFixture front, String request) throws Exception {
    RawClient.Answer answer = RawClient.exchange(front.data(), request);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return answer.text();
  }

  private static Set<String> ask(FrontFixture front, int times, String request) throws Exception {
    Set<String> names = new LinkedHashSet<>();
    for (int i = 0; i < times; i++) {
      names.add(ask(front, request));
    }
    return names;
  }

  private static RawClient hold(FrontFixture front, String... headers) throws Exception {
    RawClient client = new RawClient(front.data());
    client.send(RawClient.get("/hold", headers));
    client.head();
    return client;
  }

  @Test
  void roundRobinTakesEachInTurn() throws Exception {
    try (FrontFixture front = front(Map.of("policy", "round_robin"))) {
      assertThat(ask(front, 3, RawClient.get("/"))).hasSize(3);
      assertThat(ask(front, 3, RawClient.get("/"))).hasSize(3);
    }
  }

  @Test
  void theReplicaWithTheFewestRequestsGetsTheNext() throws Exception {
    try (FrontFixture front = front(Map.of("policy", "least_loaded"));
        RawClient _ = hold(front);
        RawClient _ = hold(front)) {
      Set<String> idle = ask(front, 5, RawClient.get("/"));
      assertThat(idle).hasSize(1);
      assertThat(
              front.metric(
                  "freshet_route_in_flight{replica=\"%s\"}".formatted(idle.iterator().next())))
          .isZero();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "X-Session-ID",
    "X-User-ID",
    "X-Tenant-ID",
    "X-Request-ID",
    "X-Correlation-ID",
    "X-Trace-ID",
  })
  void aSessionStaysWithItsReplica(String header) throws Exception {
    try (FrontFixture front = front(Map.of())) {
      Set<String> all = new LinkedHashSet<>();
      for (int session = 0; session < 6; session++) {
        Set<String> one = ask(front, 4, RawClient.get("/", header + ": s" + session));
        assertThat(one).hasSize(1);
        all.addAll(one);
      }
      assertThat(all).hasSize(3);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/s/%s", "/s/%s/v1/models", "/s/%s/v1/chat/completions"})
  void theSessionOfAnAgentStaysWithItsReplicaWhateverElseARequestNames(String path)
      throws Exception {
    try (FrontFixture front = front(Map.of())) {
      Set<String> all = new LinkedHashSet<>();
      for (int session = 0; session < 6; session++) {
        Set<String> one = new LinkedHashSet<>();
        for (int call = 0; call < 4; call++) {
          one.add(
              ask(front, RawClient.get(path.formatted("s" + session), "X-Request-ID: r" + call)));
        }
        one.add(ask(front, RawClient.get("/s/s" + session + "/v1/completions")));
        one.add(ask(front, RawClient.get("/v1/completions", "x-api-key: session:s" + session)));
        one.add(
            ask(front, RawClient.get("/v1/messages", "authorization: Bearer session:s" + session)));
        assertThat(one).hasSize(1);
        all.addAll(one);
      }
      assertThat(all).hasSize(3);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'prompt':'x','session_params':{'a':1,'session_id':'%s'}}",
        "{'session_params':{'session_id':'%s'},'user':'everybody'}",
        "{'messages':[{'role':'user','content':'hi'}],'user':'%s'}",
      })
  void aSessionInTheBodyStaysWithItsReplica(String body) throws Exception {
    try (FrontFixture front = front(Map.of())) {
      Set<String> all = new LinkedHashSet<>();
      for (int session = 0; session < 6; session++) {
        String json = body.replace('\'', '"').formatted("s" + session);
        Set<String> one = ask(front, 4, RawClient.post("/v1/completions", json));
        assertThat(one).hasSize(1);
        all.addAll(one);
      }
      assertThat(all).hasSize(3);
    }
  }

  @Test
  void textInAPromptIsNoSession() throws Exception {
    String body =
        "{\"prompt\":\"\\\"user\\\": \\\"a\\\", {\\\"user\\\":\\\"a\\\"}\",\"n\":{\"user\":\"a\"}}";
    try (FrontFixture front = front(Map.of())) {
      assertThat(ask(front, 3, RawClient.post("/v1/completions", body))).hasSize(3);
    }
  }

  @Test
  void theFirstHeaderOfVllmRoutersOrderNamesTheSession() throws Exception {
    try (FrontFixture front = front(Map.of())) {
      String pinned = ask(front, RawClient.get("/", "X-Session-ID: a"));
      for (int i = 0; i < 6; i++) {
        assertThat(ask(front, RawClient.get("/", "X-Trace-ID: t" + i, "X-Session-ID: a")))
            .isEqualTo(pinned);
      }
    }
  }

  @Test
  void aFinishedSessionIsForgotten() throws Exception {
    try (FrontFixture front = front(Map.of())) {
      assertThat(ask(front, RawClient.get("/", "X-Session-ID: a"))).isNotEmpty();
      assertThat(
              RawClient.exchange(front.data(), RawClient.post("/finish_session?session_id=a", ""))
                  .text())
          .isEqualTo("{\"status\":\"ok\",\"known\":true}");
      assertThat(
              RawClient.exchange(
                      front.data(), RawClient.post("/finish_session", "{\"session_id\":\"a\"}"))
                  .text())
          .isEqualTo("{\"status\":\"ok\",\"known\":false}");
      assertThat(RawClient.exchange(front.data(), RawClient.post("/finish_session", "")).status())
          .isEqualTo(400);
      assertThat(replicas).allMatch(replica -> replica.arrived.size() <= 1);
    }
  }

  @ParameterizedTest
  @CsvSource({"POST /s/a/finish_session", "POST /s/a/reward", "DELETE /s/a"})
  void anAgentsSessionIsEndedAtItsReplicaAndForgotten(String end) throws Exception {
    try (FrontFixture front = front(Map.of())) {
      String pinned = ask(front, RawClient.get("/s/a/v1/models"));

      assertThat(ask(front, RawClient.get("/s/a").replace("GET /s/a ", end + " ")))
          .isEqualTo(pinned);
      assertThat(
              RawClient.exchange(front.data(), RawClient.post("/finish_session?session_id=a", ""))
                  .text())
          .contains("\"known\":false");
    }
  }

  @Test
  void aSessionLeavesAReplicaThatHasSpentItsBudgetAndStaysWithTheNext() throws Exception {
    try (FrontFixture front = front(Map.of("max_in_flight", "2"));
        RawClient _ = hold(front, "X-Session-ID: a");
        RawClient _ = hold(front, "X-Session-ID: a")) {
      String hot = loaded(2).name();
      Set<String> next = ask(front, 4, RawClient.get("/", "X-Session-ID: a"));

      assertThat(next).hasSize(1).doesNotContain(hot);
    }
  }

  private ScriptedReplica loaded(int requests) {
    return replicas.stream()
        .filter(replica -> replica.arrived.size() == requests)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aSessionLeavesAReplicaThatHasFarMoreRequestsThanTheOthers() throws Exception {
    List<RawClient> held = new ArrayList<>();
    try (FrontFixture front = front(Map.of("spill_factor", "1.5", "spill_slack", "1"))) {
      for (int i = 0; i < 8; i++) {
        held.add(hold(front, "X-Session-ID: a"));
      }
      assertThat(replicas).noneMatch(replica -> replica.arrived.size() > 6);
      assertThat(replicas.stream().filter(replica -> !replica.arrived.isEmpty()).count())
          .isGreaterThan(1);
    } finally {
      for (RawClient client : held) {
        client.close();
      }
    }
  }

  @Test
  void aCommonPrefixLeadsToTheSameReplicaAndAnotherPromptToAnother() throws Exception {
    try (FrontFixture front = front(Map.of("policy", "prefix"))) {
      Set<String> all = new LinkedHashSet<>();
      for (int task = 0; task < 6; task++) {
        String shared = ("task " + task + " ").repeat(200);
        Set<String> one = new LinkedHashSet<>();
        for (int turn = 0; turn < 4; turn++) {
          String json =
              "{\"seed\":%d,\"prompt\":\"%s%s\"}"
                  .formatted(turn, shared, "turn".repeat(100 * turn));
          one.add(ask(front, RawClient.post("/v1/completions", json)));
        }
        assertThat(one).hasSize(1);
        all.addAll(one);
      }
      assertThat(all).hasSize(3);
    }
  }

  @Test
  void aRequestGoesToNoReplicaBelowItsVersion() throws Exception {
    replicas.get(0).version = "3";
    replicas.get(1).version = "4";
    replicas.get(2).version = "not a number";
    try (FrontFixture front = front(Map.of("policy", "round_robin", "queue_timeout_s", "1"))) {
      awaitVersion(front, replicas.get(0), 3);
      awaitVersion(front, replicas.get(1), 4);

      assertThat(ask(front, 6, RawClient.get("/", "x-freshet-min-version: 4")))
          .containsExactly(replicas.get(1).name());
      assertThat(ask(front, 6, RawClient.get("/", "x-freshet-min-version: 3"))).hasSize(2);
      RawClient.Answer none =
          RawClient.exchange(front.data(), RawClient.get("/", "x-freshet-min-version: 5"));
      assertThat(none.status()).isEqualTo(503);
      assertThat(none.text())
          .contains("no replica serves policy version 5 or later within 1000 ms");
      assertThat(
              RawClient.exchange(front.data(), RawClient.get("/", "x-freshet-min-version: new"))
                  .status())
          .isEqualTo(400);
    }
  }

  @Test
  void aRequestForAVersionThatIsComingWaitsForIt() throws Exception {
    try (FrontFixture front = front(Map.of());
        RawClient client = new RawClient(front.data())) {
      client.send(RawClient.get("/", "x-freshet-min-version: 1"));
      FrontFixture.await("it waits", () -> front.metric("freshet_route_waiting") == 1);
      replicas.get(1).version = "1";

      assertThat(client.answer(false).text()).isEqualTo(replicas.get(1).name());
      assertThat(front.metric("freshet_route_waiting")).isZero();
    }
  }

  private static void awaitVersion(FrontFixture front, ScriptedReplica replica, int version)
      throws InterruptedException {
    FrontFixture.await(
        "version " + version,
        () ->
            front.metric("freshet_route_policy_version{replica=\"%s\"}".formatted(replica.name()))
                == version);
  }

  @Test
  void aFullQueueRefusesFurtherRequests() throws Exception {
    try (FrontFixture front = front(Map.of("max_queued", "1"));
        RawClient client = new RawClient(front.data())) {
      client.send(RawClient.get("/", "x-freshet-min-version: 1"));
      FrontFixture.await("it waits", () -> front.metric("freshet_route_waiting") == 1);

      RawClient.Answer refused =
          RawClient.exchange(front.data(), RawClient.get("/", "x-freshet-min-version: 1"));
      assertThat(refused.status()).isEqualTo(503);
      assertThat(refused.text()).contains("1 requests wait for a replica already");

      client.close();
      FrontFixture.await("it has left", () -> front.metric("freshet_route_waiting") == 0);
    }
  }

  @Test
  void replicasOfAFileComeAndGoWithIt() throws Exception {
    Path file = Files.writeString(dir.resolve("replicas"), "# none yet\n");
    try (FrontFixture front =
            FrontFixture.of(Map.of("upstreams_file", file.toString(), "upstreams", ""));
        RawClient client = new RawClient(front.data())) {
      client.send(RawClient.get("/"));
      FrontFixture.await("it waits", () -> front.metric("freshet_route_waiting") == 1);
      Files.writeString(file, "\n# one\n%s=vllm\n".formatted(replicas.get(0).url()));
      assertThat(client.answer(false).text()).isEqualTo(replicas.get(0).name());

      Files.writeString(file, "nonsense\n");
      Files.writeString(file, replicas.get(1).url() + "=vllm\n");
      FrontFixture.await(
          "the other replica",
          () -> {
            try {
              return ask(front, RawClient.get("/")).equals(replicas.get(1).name());
            } catch (Exception e) {
              throw new AssertionError(e);
            }
          });
      assertThat(ask(front, 4, RawClient.get("/"))).containsExactly(replicas.get(1).name());
    }
  }

  @Test
  void aReplicaThatLeavesAndReturnsDuringItsStreamIsCountedWithIt() throws Exception {
    ScriptedReplica one = replicas.get(0);
    ScriptedReplica two = replicas.get(1);
    String both = "%s=vllm\n%s=vllm\n".formatted(one.url(), two.url());
    Path file = Files.writeString(dir.resolve("replicas"), both);
    Map<String, String> keys =
        Map.of("upstreams_file", file.toString(), "upstreams", "", "policy", "least_loaded");
    try (FrontFixture front = FrontFixture.of(keys)) {
      front.awaitRoutable(2);
      RawClient held = hold(front);
      String busy = inFlight(front, one) == 1 ? one.name() : two.name();
      ScriptedReplica its = busy.equals(one.name()) ? one : two;
      ScriptedReplica idle = busy.equals(one.name()) ? two : one;
      Files.writeString(file, idle.url() + "=vllm\n");
      front.awaitRoutable(1);
      Files.writeString(file, both);
      front.awaitRoutable(2);
      assertThat(ask(front, 3, RawClient.get("/"))).containsExactly(idle.name());
      assertThat(inFlight(front, its)).isEqualTo(1);
      held.close();

      FrontFixture.await("its end", () -> inFlight(front, its) == 0);
      assertThat(ask(front, 6, RawClient.get("/"))).isNotEmpty();
      assertThat(inFlight(front, its)).isZero();
    }
  }

  private static double inFlight(FrontFixture front, ScriptedReplica replica) {
    return front.metric("freshet_route_in_flight{replica=\"%s\"}".formatted(replica.name()));
  }
}
