package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.fleet.Checkpoints;
import dev.freshet.fleet.PeerServer;
import dev.freshet.fleet.PeerServer.Fault;
import dev.freshet.fleet.PeerServer.Plan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Weight updates of a fleet through its front, beside the requests of clients. */
@Timeout(120)
class FleetUpdatesTest {
  private static final Map<String, String> ROUND_ROBIN = Map.of("policy", "round_robin");

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
  void serversOfFourProgramsAreUpdatedAsOneAndTheAnswerHasARowOfEach() throws Exception {
    try (PeerServer a = new PeerServer("freshet");
        PeerServer b = new PeerServer("vllm");
        PeerServer c = new PeerServer("sglang");
        PeerServer d = new PeerServer("prime-rl");
        FrontFixture front = FrontFixture.of(dir, ROUND_ROBIN, a, b, c, d)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(4);
      RawClient.Answer answer = client.update(second, 2);

      assertThat(answer.status()).as(answer.text()).isEqualTo(200);
      JsonNode json = FrontClient.json(answer);
      assertThat(json.get("status").asString()).isEqualTo("ok");
      assertThat(json.get("weight_version").asString()).isEqualTo("2");
      assertThat(json.get("rpc_ms").asDouble()).isPositive();
      assertThat(json.get("trace_id").asString()).hasSize(16);
      assertThat(json.get("phases").propertyNames())
          .contains("prepare_ms", "pause_ms", "apply_ms", "ask_ms", "resume_ms");
      assertThat(json.get("replicas").size()).isEqualTo(4);
      JsonNode vllm = json.get("replicas").get(1);
      assertThat(vllm.get("url").asString()).isEqualTo(b.url().toString());
      assertThat(vllm.get("outcome").asString()).isEqualTo("updated");
      assertThat(vllm.get("pause_ms").asDouble()).isPositive();
      assertThat(vllm.get("wall_ms").asDouble()).isPositive();
      assertThat(json.get("blame").get("replica").asString()).startsWith("http://127.0.0.1:");
      assertThat(json.get("blame").get("phase").asString()).isNotEmpty();
      for (PeerServer server : List.of(a, b, c, d)) {
        assertThat(server.serves(second)).as("%s", server).isTrue();
        assertThat(client.ask("x-freshet-min-version: 2")).isEqualTo(second);
      }
      assertThat(client.get("/weight_info").text()).isEqualTo("{\"weight_version\":\"2\"}");
      assertThat(client.replica(1).get("last_update").get("outcome").asString())
          .isEqualTo("updated");
      assertThat(front.metric("freshet_fleet_updates_total{outcome=\"committed\"}")).isEqualTo(1);
    }
  }

  @Test
  void aRequestWaitsWhileTheOnlyReplicaLoadsAndGetsTheNewWeights() throws Exception {
    try (PeerServer server = new PeerServer("vllm");
        FrontFixture front = FrontFixture.of(dir, Map.of(), server)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(1);
      server.arm(new Plan("/collective_rpc", Fault.STOPPED, false));
      FutureTask<RawClient.Answer> update =
          FrontClient.inBackground(() -> client.update(second, 2));
      FrontFixture.await("the load", server::isStopped);
      FutureTask<String> request = FrontClient.inBackground(() -> client.ask());
      FrontFixture.await("it waits", () -> front.metric("freshet_route_waiting") == 1);
      assertThat(RawClient.exchange(front.data(), RawClient.get("/health")).status())
          .isEqualTo(200);
      assertThat(client.replica(0).get("state").asString()).isEqualTo("updating");
      server.continues();

      assertThat(update.get(60, TimeUnit.SECONDS).status()).isEqualTo(200);
      assertThat(request.get(60, TimeUnit.SECONDS)).isEqualTo(second);
      assertThat(server.violations).isEmpty();
    }
  }

  @Test
  void anUpdateThatIsPostedAgainJoinsTheRunningOneAndAnotherIsAConflict() throws Exception {
    try (PeerServer server = new PeerServer("vllm");
        FrontFixture front = FrontFixture.of(dir, Map.of(), server)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(1);
      server.arm(new Plan("/collective_rpc", Fault.STOPPED, false));
      FutureTask<RawClient.Answer> update =
          FrontClient.inBackground(() -> client.update(second, 2));
      FrontFixture.await("the load", server::isStopped);
      FutureTask<RawClient.Answer> again = FrontClient.inBackground(() -> client.update(second, 2));
      RawClient.Answer other = client.update(first, 1);
      RawClient.Answer pause = client.post("/pause?mode=keep", "");
      server.continues();

      assertThat(other.status()).isEqualTo(409);
      assertThat(other.text()).contains("the fleet carries out the update to version 2");
      assertThat(pause.status()).isEqualTo(409);
      assertThat(update.get(60, TimeUnit.SECONDS).status()).isEqualTo(200);
      assertThat(again.get(60, TimeUnit.SECONDS).status()).isEqualTo(200);
      assertThat(server.calls.stream().filter("/collective_rpc"::equals)).hasSize(1);
    }
  }

  @Test
  void aSucceededUpdateIsNotCarriedOutAgainUnderItsTraceId() throws Exception {
    try (PeerServer server = new PeerServer("vllm");
        FrontFixture front = FrontFixture.of(dir, Map.of(), server)) {
      front.awaitRoutable(1);
      String request =
          RawClient.post(
              "/update_weights",
              "{\"weight_dir\":\"%s\"}".formatted(second),
              "x-trace-id: 0123456789abcdef");
      RawClient.Answer one = RawClient.exchange(front.admin(), request);
      RawClient.Answer two = RawClient.exchange(front.admin(), request);

      assertThat(one.text()).contains("\"trace_id\":\"0123456789abcdef\"");
      assertThat(two.text()).isEqualTo(one.text());
      assertThat(server.calls.stream().filter("/collective_rpc"::equals)).hasSize(1);
    }
  }

  @Test
  void aFailedLoadIsRolledBackAndTheErrorSaysWhichReplicaAndWhoMustAct() throws Exception {
    try (PeerServer a = new PeerServer("vllm");
        PeerServer b = new PeerServer("vllm");
        FrontFixture front = FrontFixture.of(dir, ROUND_ROBIN, a, b)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(2);
      assertThat(client.update(first, 1).status()).isEqualTo(200);
      b.arm(new Plan("/collective_rpc", Fault.FAILS, false));
      RawClient.Answer answer = client.update(second, 2);

      assertThat(answer.status()).as(answer.text()).isEqualTo(502);
      JsonNode json = FrontClient.json(answer);
      assertThat(json.get("error").get("code").asString()).isEqualTo("update_rolled_back");
      assertThat(json.get("error").get("message").asString())
          .contains(b.url() + "/collective_rpc: HTTP 500", "the fleet serves version 1");
      assertThat(json.get("weight_version").asString()).isEqualTo("1");
      assertThat(json.get("replicas").get(1).get("outcome").asString()).isEqualTo("left_out");
      assertThat(json.get("replicas").get(1).get("failure").asString()).contains("HTTP 500");
      FrontFixture.await("both return", () -> a.serves(first) && b.serves(first));
      front.awaitRoutable(2);
      assertThat(client.ask()).isEqualTo(first);
      assertThat(a.violations).isEmpty();
      assertThat(b.violations).isEmpty();
    }
  }

  @Test
  void aRejectedCheckpointChangesNothing() throws Exception {
    try (PeerServer server = new PeerServer("vllm");
        FrontFixture front = FrontFixture.of(dir, Map.of(), server)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(1);
      RawClient.Answer answer = client.update(dir.resolve("none").toString(), 2);

      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.text())
          .contains("checkpoint rejected before any server was paused", "\"weights_refused\"");
      assertThat(server.calls).doesNotContain("/pause", "/collective_rpc");
      assertThat(client.ask()).isEqualTo("base");
    }
  }

  @Test
  void aReplicaThatJoinsLoadsTheCurrentWeightsBeforeItGetsRequests() throws Exception {
    Path file = dir.resolve("replicas");
    try (PeerServer a = new PeerServer("freshet");
        PeerServer b = new PeerServer("vllm")) {
      Files.writeString(file, FrontFixture.named(a) + "\n");
      try (FrontFixture front =
          FrontFixture.of(
              dir, Map.of("upstreams_file", file.toString(), "policy", "round_robin"))) {
        FrontClient client = new FrontClient(front);
        front.awaitRoutable(1);
        assertThat(client.update(second, 2).status()).isEqualTo(200);
        b.arm(new Plan("/collective_rpc", Fault.STOPPED, false));
        Files.writeString(file, FrontFixture.named(a) + "\n" + FrontFixture.named(b) + "\n");
        FrontFixture.await("the load", b::isStopped);
        for (int i = 0; i < 10; i++) {
          assertThat(client.ask()).isEqualTo(second);
        }
        b.continues();
        front.awaitRoutable(2);

        assertThat(b.serves(second)).isTrue();
        for (int i = 0; i < 4; i++) {
          assertThat(client.ask()).isEqualTo(second);
        }
        Files.writeString(file, FrontFixture.named(b) + "\n");
        front.awaitRoutable(1);
        assertThat(client.update(first, 3).status()).isEqualTo(200);
        assertThat(a.serves(second)).as("it has left").isTrue();
      }
    }
  }

  @Test
  void aReplicaThatIsRestartedWithOldWeightsGetsNoRequestBeforeItIsCaughtUp() throws Exception {
    try (PeerServer a = new PeerServer("freshet");
        PeerServer b = new PeerServer("vllm");
        FrontFixture front = FrontFixture.of(dir, ROUND_ROBIN, a, b)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(2);
      assertThat(client.update(second, 2).status()).isEqualTo(200);
      b.kill();
      FrontFixture.await(
          "it is gone",
          () ->
              front.metric(
                      "freshet_route_upstream_state{replica=\"127.0.0.1:%d\"}"
                          .formatted(b.url().getPort()))
                  == 0);
      b.start();
      FrontFixture.await(
          "it is caught up",
          () -> {
            try {
              assertThat(client.ask()).isEqualTo(second);
            } catch (IOException e) {
              throw new AssertionError(e);
            }
            return b.serves(second);
          });
      front.awaitRoutable(2);
    }
  }

  @Test
  void aFrontThatIsStartedAgainKnowsTheWeightsFromItsJournal() throws Exception {
    try (PeerServer a = new PeerServer("freshet");
        PeerServer b = new PeerServer("vllm")) {
      try (FrontFixture front = FrontFixture.of(dir, Map.of(), a, b)) {
        FrontClient client = new FrontClient(front);
        front.awaitRoutable(2);
        assertThat(client.update(second, 2).status()).isEqualTo(200);
      }
      b.kill();
      b.start();
      try (FrontFixture front = FrontFixture.of(dir, ROUND_ROBIN, a, b)) {
        FrontClient client = new FrontClient(front);
        front.awaitRoutable(2);

        assertThat(a.serves(second)).isTrue();
        assertThat(b.serves(second)).isTrue();
        assertThat(client.get("/weight_info").text()).isEqualTo("{\"weight_version\":\"2\"}");
      }
    }
  }

  @Test
  void aJournalOfOtherReplicasIsIgnored() throws Exception {
    try (PeerServer a = new PeerServer("vllm");
        PeerServer b = new PeerServer("vllm")) {
      try (FrontFixture front = FrontFixture.of(dir, Map.of(), a)) {
        FrontClient client = new FrontClient(front);
        front.awaitRoutable(1);
        assertThat(client.update(second, 2).status()).isEqualTo(200);
      }
      try (FrontFixture front = FrontFixture.of(dir, Map.of(), b)) {
        FrontClient client = new FrontClient(front);
        front.awaitRoutable(1);

        assertThat(client.ask()).isEqualTo("base");
      }
    }
  }

  @Test
  void aFleetWithoutUpdatesFollowsWhatOthersDoToItsReplicas() throws Exception {
    try (PeerServer server = new PeerServer("vllm");
        FrontFixture front = FrontFixture.of(dir, Map.of(), server)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(1);
      server.paused = true;
      FrontFixture.await(
          "it gets no requests",
          () -> {
            try {
              return client.replica(0).get("state").asString().equals("quarantined");
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          });
      assertThat(client.replica(0).get("reason").asString())
          .contains("whoever paused it must resume it");
      server.weights = "theirs";
      server.name = "7";
      server.paused = false;

      assertThat(client.ask("x-freshet-min-version: 7")).isEqualTo("theirs");
      assertThat(server.calls).doesNotContain("/resume", "/collective_rpc");
    }
  }

  @Test
  void requestsForThePolicyNameTheAdapterOfTheCommittedVersion() throws Exception {
    try (PeerServer a = new PeerServer("vllm-lora");
        PeerServer b = new PeerServer("vllm-lora");
        FrontFixture front = FrontFixture.of(dir, ROUND_ROBIN, a, b)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(2);
      assertThat(client.ask()).isEqualTo("base");
      assertThat(client.update(first, 1).status()).isEqualTo(200);
      for (int i = 0; i < 4; i++) {
        assertThat(client.ask()).isEqualTo(first);
      }
      assertThat(client.update(second, 2).status()).isEqualTo(200);
      for (int i = 0; i < 4; i++) {
        assertThat(client.ask()).isEqualTo(second);
      }
      assertThat(a.requests)
          .contains("/v1/completions " + FrontClient.PROMPT.replace("policy", "policy@v2"));
    }
  }

  @Test
  void noRequestThatFollowsAnUpdateGetsOlderWeights() throws Exception {
    try (PeerServer a = new PeerServer("freshet");
        PeerServer b = new PeerServer("vllm");
        PeerServer c = new PeerServer("vllm-lora");
        FrontFixture front = FrontFixture.of(dir, ROUND_ROBIN, a, b, c)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(3);
      AtomicInteger committed = new AtomicInteger();
      AtomicBoolean asking = new AtomicBoolean(true);
      List<FutureTask<Integer>> clients = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        clients.add(
            FrontClient.inBackground(
                () -> {
                  int asked = 0;
                  for (; asking.get(); asked++) {
                    int least = committed.get();
                    int got = step(client.ask());
                    assertThat(got).isBetween(least, Math.max(least, committed.get() + 1));
                  }
                  return asked;
                }));
      }
      for (int step = 1; step <= 6; step++) {
        String directory = Checkpoints.publish(dir, step, Checkpoints.MODEL).toString();
        RawClient.Answer answer = client.update(directory, step);
        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        committed.set(step);
      }
      asking.set(false);
      for (FutureTask<Integer> one : clients) {
        assertThat(one.get(60, TimeUnit.SECONDS)).isPositive();
      }
      for (PeerServer server : List.of(a, b, c)) {
        assertThat(server.violations).isEmpty();
      }
    }
  }

  private static int step(String directory) {
    return directory.equals("base")
        ? 0
        : Integer.parseInt(directory.substring(directory.lastIndexOf('_') + 1));
  }

  @Test
  void afterAFailedFirstUpdateAGoodCheckpointRepairsServersWhoseWeightsAreNotKnown()
      throws Exception {
    try (PeerServer server = new PeerServer("prime-rl");
        FrontFixture front = FrontFixture.of(dir, Map.of(), server)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(1);
      server.arm(new Plan("/update_weights", Fault.FAILS, false));
      RawClient.Answer failed = client.update(first, 1);
      assertThat(failed.status()).isEqualTo(502);
      assertThat(failed.text()).contains("do not resume it");
      assertThat(server.paused).isTrue();

      RawClient.Answer repaired = client.update(second, 2);
      assertThat(repaired.status()).as(repaired.text()).isEqualTo(200);
      assertThat(server.violations).isEmpty();
      assertThat(client.ask()).isEqualTo(second);
    }
  }

  @Test
  void onePhaseOfAnUpdateAndAnOlderVersionAreRefused() throws Exception {
    try (PeerServer server = new PeerServer("freshet");
        FrontFixture front = FrontFixture.of(dir, Map.of(), server)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(1);
      RawClient.Answer phase =
          client.post(
              "/update_weights",
              "{\"weight_dir\":\"%s\",\"step\":1,\"phase\":\"prepare\"}".formatted(first));
      assertThat(phase.status()).isEqualTo(501);
      assertThat(phase.text()).contains("a fleet is updated in one transaction, expected all");
      assertThat(client.update(second, 2).status()).isEqualTo(200);
      RawClient.Answer older = client.update(first, 1);
      assertThat(older.status()).isEqualTo(409);
      assertThat(older.text()).contains("the fleet serves version 2", "force");
      assertThat(client.post("/reload_weights", "{}").status()).isEqualTo(200);
      assertThat(server.weights).isEqualTo("base");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"vllm", "sglang"})
  void twoFrontsThatUpdateOneServerBothNameItAsContested(String kind) throws Exception {
    try (PeerServer server = new PeerServer(kind);
        FrontFixture one = FrontFixture.of(dir.resolve("one"), Map.of(), server);
        FrontFixture two = FrontFixture.of(dir.resolve("two"), Map.of(), server)) {
      one.awaitRoutable(1);
      two.awaitRoutable(1);
      assertThat(new FrontClient(one).update(first, 1).status()).isEqualTo(200);
      two.awaitRoutable(1);
      var _ = new FrontClient(two).update(second, 2);

      for (FrontFixture front : List.of(one, two)) {
        FrontFixture.await("its word", () -> saysContested(front));
      }
    }
  }

  private static boolean saysContested(FrontFixture front) {
    try {
      JsonNode replica = new FrontClient(front).replica(0);
      return replica.has("contested")
          && replica.get("contested").asString().contains("stop that program");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
