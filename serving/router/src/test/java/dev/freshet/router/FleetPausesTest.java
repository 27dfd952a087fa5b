package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.fleet.Checkpoints;
import dev.freshet.fleet.PeerServer;
import dev.freshet.fleet.PeerServer.Fault;
import dev.freshet.fleet.PeerServer.Plan;
import dev.freshet.trace.waits.Waits;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Pauses and other orders of clients, which the front carries out on all replicas. */
@Timeout(120)
class FleetPausesTest {
  private static final Map<String, String> ROUND_ROBIN = Map.of("policy", "round_robin");
  private static final String KEEP = "/pause?mode=keep&clear_cache=false";

  @TempDir private static Path weights;
  @TempDir private Path dir;
  private static String first;
  private static String second;

  @BeforeAll
  static void publish() {
    first = Checkpoints.publish(weights, 1, Checkpoints.MODEL).toString();
    second = Checkpoints.publish(weights, 2, Checkpoints.MODEL).toString();
  }

  @Test
  void anUpdateWithinAPauseOfTheClientLeavesTheFleetPausedUntilItResumes() throws Exception {
    try (PeerServer a = new PeerServer("freshet");
        PeerServer b = new PeerServer("vllm");
        PeerServer c = new PeerServer("sglang");
        PeerServer d = new PeerServer("prime-rl");
        FrontFixture front = FrontFixture.of(dir, ROUND_ROBIN, a, b, c, d)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(4);
      RawClient.Answer paused = client.post(KEEP, "");
      assertThat(paused.status()).as(paused.text()).isEqualTo(200);
      assertThat(FrontClient.json(paused).get("status").asString()).isEqualTo("paused");
      assertThat(b.requests).contains(KEEP);
      assertThat(c.requests).contains("/pause_generation {\"mode\":\"in_place\"}");
      assertThat(client.get("/is_paused").text()).isEqualTo("{\"is_paused\":true}");
      assertThat(Waits.open()).anyMatch(wait -> wait.what().equals("POST /resume to the front"));
      FutureTask<String> request = FrontClient.inBackground(client::ask);
      FrontFixture.await("it waits", () -> front.metric("freshet_route_waiting") == 1);

      RawClient.Answer update = client.update(second, 2);
      assertThat(update.status()).as(update.text()).isEqualTo(200);
      JsonNode json = FrontClient.json(update);
      assertThat(json.get("paused").asBoolean()).isTrue();
      assertThat(json.get("note").asString()).contains("post /resume");
      for (PeerServer server : List.of(a, b, c, d)) {
        assertThat(server.paused).as("%s", server).isTrue();
        assertThat(server.weights).isEqualTo(second);
      }
      assertThat(request.isDone()).isFalse();

      assertThat(client.post("/resume", "").status()).isEqualTo(200);
      assertThat(request.get(60, TimeUnit.SECONDS)).isEqualTo(second);
      assertThat(client.get("/is_paused").text()).isEqualTo("{\"is_paused\":false}");
      assertThat(Waits.open()).noneMatch(wait -> wait.what().equals("POST /resume to the front"));
      for (PeerServer server : List.of(a, b, c, d)) {
        assertThat(server.serves(second)).as("%s", server).isTrue();
        assertThat(server.violations).isEmpty();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"KILLED, false", "RESTARTED, true", "CUT, true"})
  void aPauseThatOneReplicaDoesNotConfirmIsUndone(Fault fault, boolean carriedOut)
      throws Exception {
    try (PeerServer a = new PeerServer("vllm");
        PeerServer b = new PeerServer("vllm");
        FrontFixture front = FrontFixture.of(dir, ROUND_ROBIN, a, b)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(2);
      b.arm(new Plan("/pause", fault, carriedOut));
      RawClient.Answer answer = client.post(KEEP, "");

      assertThat(answer.status()).as(answer.text()).isEqualTo(502);
      assertThat(answer.text()).contains("the pause was undone");
      assertThat(client.get("/is_paused").text()).contains("false");
      assertThat(a.paused).isFalse();
      assertThat(client.ask()).isEqualTo("base");
      if (b.isKilled()) {
        b.start();
      }
      front.awaitRoutable(2);
      assertThat(b.paused).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"vllm", "freshet"})
  void aPausedReplicaThatIsRestartedIsLoadedOnlyWhilePausedAndServesAfterTheResume(String kind)
      throws Exception {
    try (PeerServer a = new PeerServer("vllm");
        PeerServer b = new PeerServer(kind);
        FrontFixture front = FrontFixture.of(dir, ROUND_ROBIN, a, b)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(2);
      assertThat(client.update(first, 1).status()).isEqualTo(200);
      assertThat(client.post(KEEP, "").status()).isEqualTo(200);
      b.kill();
      b.start();
      RawClient.Answer update = client.update(second, 2);
      // It may be found restarted before the update, by it, or in the middle of it.
      assertThat(update.status()).as(update.text()).isIn(200, 502);
      assertThat(client.post("/resume", "").status()).isEqualTo(200);

      String served = update.status() == 200 ? second : first;
      assertThat(client.ask()).isEqualTo(served);
      front.awaitRoutable(2);
      for (int i = 0; i < 4; i++) {
        assertThat(client.ask()).isEqualTo(served);
      }
      assertThat(b.violations).isEmpty();
    }
  }

  @Test
  void aPauseThatOneReplicaRefusesIsUndoneOnTheOthers() throws Exception {
    try (PeerServer a = new PeerServer("vllm");
        PeerServer b = new PeerServer("vllm");
        FrontFixture front = FrontFixture.of(dir, ROUND_ROBIN, a, b)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(2);
      b.arm(new Plan("/pause", Fault.FAILS, true));
      RawClient.Answer answer = client.post(KEEP, "");

      assertThat(answer.status()).isEqualTo(502);
      assertThat(answer.text())
          .contains(b.url() + "/pause", "HTTP 500", "the pause was undone: no replica is paused");
      assertThat(FrontClient.json(answer).get("replicas").get(0).get("outcome").asString())
          .isEqualTo("done");
      assertThat(a.paused).isFalse();
      assertThat(b.paused).isFalse();
      assertThat(client.ask()).isEqualTo("base");
      assertThat(client.get("/is_paused").text()).contains("false");
    }
  }

  @Test
  void aPauseThatAProgramCannotDoIsRefusedBeforeAnyReplicaIsPaused() throws Exception {
    try (PeerServer a = new PeerServer("vllm");
        PeerServer b = new PeerServer("sglang");
        FrontFixture front = FrontFixture.of(dir, ROUND_ROBIN, a, b)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(2);
      RawClient.Answer answer = client.post("/pause?mode=wait", "");

      assertThat(answer.status()).isEqualTo(501);
      assertThat(answer.text())
          .contains(
              b.url() + " (sglang): it has no pause that waits for running completions",
              "not carried out on any replica");
      assertThat(a.calls).doesNotContain("/pause");
      assertThat(client.post("/pause?mode=often", "").status()).isEqualTo(400);
    }
  }

  @Test
  void aReplicaThatIsLeftWithoutWeightsWithinAPauseIsNotResumedBeforeItHasLoaded()
      throws Exception {
    try (PeerServer a = new PeerServer("vllm");
        PeerServer b = new PeerServer("vllm");
        FrontFixture front = FrontFixture.of(dir, ROUND_ROBIN, a, b)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(2);
      assertThat(client.update(first, 1).status()).isEqualTo(200);
      assertThat(client.post(KEEP, "").status()).isEqualTo(200);
      b.arm(new Plan("/collective_rpc", Fault.FAILS, false));
      RawClient.Answer update = client.update(second, 2);
      assertThat(update.status()).isEqualTo(502);
      assertThat(update.text()).contains("do not resume it", "the fleet serves version 1");
      assertThat(client.post("/resume", "").status()).isEqualTo(200);

      assertThat(client.ask()).isEqualTo(first);
      front.awaitRoutable(2);
      assertThat(b.serves(first)).isTrue();
      assertThat(b.violations).isEmpty();
    }
  }

  @Test
  void aFrontThatEndsWithinAPauseIsFollowedByOneThatResumesTheReplicas() throws Exception {
    try (PeerServer a = new PeerServer("vllm")) {
      try (FrontFixture front = FrontFixture.of(dir, Map.of(), a)) {
        FrontClient client = new FrontClient(front);
        front.awaitRoutable(1);
        assertThat(client.update(first, 1).status()).isEqualTo(200);
        assertThat(client.post(KEEP, "").status()).isEqualTo(200);
      }
      assertThat(a.paused).isTrue();
      try (FrontFixture front = FrontFixture.of(dir, Map.of(), a)) {
        assertThat(new FrontClient(front).ask()).isEqualTo(first);
      }
    }
  }

  @Test
  void aClientResumesThroughAFrontThatKnowsNeitherItsPauseNorTheWeights() throws Exception {
    try (PeerServer a = new PeerServer("vllm")) {
      try (FrontFixture front = FrontFixture.of(dir, Map.of(), a)) {
        front.awaitRoutable(1);
        assertThat(new FrontClient(front).post(KEEP, "").status()).isEqualTo(200);
      }
      try (FrontFixture front = FrontFixture.of(dir, Map.of(), a)) {
        FrontClient client = new FrontClient(front);
        FrontFixture.await(
            "it is found paused",
            () -> {
              try {
                return client.get("/replicas").text().contains("whoever paused it must resume it");
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
        assertThat(client.post("/resume", "").status()).isEqualTo(200);
        assertThat(client.ask()).isEqualTo("base");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aReplicaThatWasAskedBeforeAPauseAndAnswersWithinItIsNotTakenForPausedByAnother(
      boolean answersAfterTheResume) throws Exception {
    try (PeerServer a = new PeerServer("vllm");
        FrontFixture front = FrontFixture.of(dir, Map.of(), a)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(1);
      PeerServer.Held asked = a.hold("/is_paused");
      asked.awaitReceived();
      assertThat(client.post(KEEP, "").status()).isEqualTo(200);
      asked.takeEffect();
      if (answersAfterTheResume) {
        assertThat(client.post("/resume", "").status()).isEqualTo(200);
      }
      PeerServer.Held next = a.hold("/is_paused");
      asked.release();
      next.awaitReceived();

      JsonNode replica = client.replica(0);
      assertThat(replica.get("state").asString()).as("%s", replica).isEqualTo("serving");
      assertThat(replica.get("incarnation").asLong()).isEqualTo(1);
      next.release();
      assertThat(client.post("/resume", "").status()).isEqualTo(200);
      assertThat(client.ask()).isEqualTo("base");
    }
  }

  @Test
  void aReplicaThatReturnsWithinAPauseIsPausedByTheUpdateWithinIt() throws Exception {
    try (PeerServer a = new PeerServer("sglang");
        PeerServer b = new PeerServer("sglang");
        FrontFixture front = FrontFixture.of(dir, ROUND_ROBIN, a, b)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(2);
      assertThat(client.update(first, 1).status()).isEqualTo(200);
      PeerServer.Held catchUp = b.hold("/update_weights_from_disk");
      b.kill();
      b.start();
      catchUp.awaitReceived();
      assertThat(client.post("/pause_generation", "{\"mode\":\"in_place\"}").status())
          .isEqualTo(200);
      catchUp.release();
      FrontFixture.await("its return", () -> state(client, 1).equals("serving"));
      assertThat(client.update(second, 2).status()).isEqualTo(200);
      assertThat(a.paused && b.paused).isTrue();
      assertThat(client.post("/resume", "").status()).isEqualTo(200);

      assertThat(a.serves(second) && b.serves(second)).isTrue();
      assertThat(a.violations).isEmpty();
      assertThat(b.violations).isEmpty();
    }
  }

  private static String state(FrontClient client, int replica) {
    try {
      return client.replica(replica).get("state").asString();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aPausedReplicaWhoseProbesAreNotAnsweredStaysInTheFleet() throws Exception {
    try (PeerServer a = new PeerServer("sglang");
        FrontFixture front = FrontFixture.of(dir, Map.of("probe_timeout_ms", "300"), a)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(1);
      assertThat(client.post(KEEP, "").status()).isEqualTo(200);
      List<PeerServer.Held> probes = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        probes.add(a.hold("/health"));
      }
      for (PeerServer.Held probe : probes) {
        probe.awaitReceived();
      }

      JsonNode replica = client.replica(0);
      assertThat(replica.get("health").asString()).as("%s", replica).isEqualTo("up");
      assertThat(replica.get("state").asString()).as("%s", replica).isEqualTo("serving");
      probes.forEach(PeerServer.Held::release);
      assertThat(client.post("/resume", "").status()).isEqualTo(200);
      assertThat(client.ask()).isEqualTo("base");
    }
  }

  @Test
  void aReplicaThatIsUnhealthyOnlyWhileItIsPausedServesAtOnceAfterwards() throws Exception {
    try (PeerServer a = new PeerServer("sglang");
        FrontFixture front = FrontFixture.of(dir, Map.of(), a)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(1);
      assertThat(client.post(KEEP, "").status()).isEqualTo(200);
      long before = a.calls.stream().filter("/health"::equals).count();
      FrontFixture.await(
          "more probes than make a replica down",
          () -> a.calls.stream().filter("/health"::equals).count() > before + 5);
      assertThat(client.post("/resume", "").status()).isEqualTo(200);

      assertThat(client.replica(0).get("health").asString()).isEqualTo("up");
      assertThat(client.replica(0).get("incarnation").asLong()).isEqualTo(1);
      assertThat(client.ask()).isEqualTo("base");
    }
  }

  @Test
  void abortedCompletionsAreAddedUp() throws Exception {
    try (PeerServer a = new PeerServer("vllm");
        PeerServer b = new PeerServer("freshet");
        FrontFixture front = FrontFixture.of(dir, Map.of(), a, b)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(2);
      JsonNode answer =
          FrontClient.json(client.post("/abort_requests", "{\"request_ids\":[\"r\"]}"));

      assertThat(answer.get("status").asString()).isEqualTo("aborted");
      assertThat(answer.get("aborted").asInt()).isEqualTo(4);
      assertThat(a.requests).contains("/abort_requests {\"request_ids\":[\"r\"]}");
    }
  }

  @Test
  void anAdapterThatOneReplicaDoesNotLoadIsUnloadedFromTheOthers() throws Exception {
    try (PeerServer a = new PeerServer("vllm");
        PeerServer b = new PeerServer("vllm");
        FrontFixture front = FrontFixture.of(dir, Map.of(), a, b)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(2);
      String load = "{\"lora_name\":\"judge\",\"lora_path\":\"/lora\"}";
      b.arm(new Plan("/v1/load_lora_adapter", Fault.FAILS, false));
      RawClient.Answer failed = client.post("/load_lora_adapter", load);
      assertThat(failed.status()).isEqualTo(502);
      assertThat(failed.text()).contains("HTTP 500", "no replica that answers has the adapter");
      assertThat(a.adapters).isEmpty();

      assertThat(client.post("/v1/load_lora_adapter", load).status()).isEqualTo(200);
      assertThat(a.adapters).containsKey("judge");
      assertThat(b.adapters).containsKey("judge");
      assertThat(client.post("/v1/unload_lora_adapter", "{\"lora_name\":\"judge\"}").status())
          .isEqualTo(200);
      assertThat(b.adapters).isEmpty();
    }
  }

  @Test
  void whatTheFleetCannotDoIsSaidWithTheReason() throws Exception {
    try (PeerServer a = new PeerServer("freshet");
        PeerServer b = new PeerServer("sglang");
        FrontFixture front = FrontFixture.of(dir, Map.of(), a, b)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(2);
      RawClient.Answer flush = client.post("/flush_cache", "");
      assertThat(flush.status()).isEqualTo(200);
      assertThat(flush.text()).contains("a cached prefix is never used with other weights");
      RawClient.Answer origin =
          RawClient.exchange(
              front.admin(), RawClient.post("/resume", "", "Origin: http://evil.example"));
      assertThat(origin.status()).isEqualTo(403);
      assertThat(client.get("/liveness").text()).isEqualTo("{\"status\":\"alive\"}");
    }
  }
}
