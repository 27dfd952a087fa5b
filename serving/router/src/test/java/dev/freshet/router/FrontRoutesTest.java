package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** What the front answers itself, and what it refuses. */
@Timeout(120)
class FrontRoutesTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path dir;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/update_weights",
        "/update_weights/",
        "//update_weights",
        "/v1/../update_weights",
        "/./pause?mode=keep",
        "/%75pdate_weights",
        "/UPDATE_WEIGHTS",
        "/collective_rpc",
        "/resume",
        "/sleep",
        "/v1/load_lora_adapter",
        "/update_weights_from_disk",
        "/pause_generation",
        "/flush_cache",
        "/engine/pause_generation",
        "/init_broadcaster",
        "/metrics",
        "/replicas",
      })
  void aWeightOperationReachesNoReplica(String path) throws Exception {
    try (ScriptedReplica replica = new ScriptedReplica(ScriptedReplica.json("{}"));
        FrontFixture front = FrontFixture.of(replica)) {
      RawClient.Answer answer = RawClient.exchange(front.data(), RawClient.post(path, "{}"));

      assertThat(answer.status()).isEqualTo(403);
      assertThat(answer.text())
          .contains("it would reach one replica of several", "front's admin listener");
      assertThat(replica.arrived).isEmpty();
      assertThat(front.metric("freshet_route_errors_total{reason=\"admin_path\"}")).isEqualTo(1);
    }
  }

  @Test
  void withKeysTheFrontRefusesRequestsWithoutOneAndRelaysIt() throws Exception {
    Path keys = Files.writeString(dir.resolve("keys"), "a-key\n");
    try (ScriptedReplica replica = new ScriptedReplica(ScriptedReplica.json("{}"));
        FrontFixture front = FrontFixture.of(Map.of("api_key_file", keys.toString()), replica)) {
      RawClient.Answer refused =
          RawClient.exchange(front.data(), RawClient.post("/v1/completions", "{}"));
      assertThat(refused.status()).isEqualTo(401);
      assertThat(refused.text()).contains("invalid_api_key");
      assertThat(RawClient.exchange(front.data(), RawClient.post("/v1/messages", "{}")).text())
          .startsWith("{\"type\":\"error\"")
          .contains("authentication_error");
      assertThat(replica.arrived).isEmpty();

      for (String header : new String[] {"Authorization: Bearer a-key", "x-api-key: a-key"}) {
        String request =
            RawClient.post("/v1/completions", "{}").replaceFirst("\r\n", "\r\n" + header + "\r\n");
        assertThat(RawClient.exchange(front.data(), request).status()).isEqualTo(200);
        String[] field = header.split(": ", 2);
        assertThat(replica.arrived.getLast().header(field[0].toLowerCase(Locale.ROOT)))
            .isEqualTo(field[1]);
      }
      assertThat(RawClient.exchange(front.data(), RawClient.get("/health")).status())
          .isEqualTo(200);
      assertThat(RawClient.exchange(front.data(), RawClient.get("/version")).status())
          .isEqualTo(200);
    }
  }

  @Test
  void theReplicasDoNotLearnOfThePageThatTheFrontHasAdmitted() throws Exception {
    try (ScriptedReplica replica = new ScriptedReplica(ScriptedReplica.json("{}"));
        FrontFixture front = FrontFixture.of(replica)) {
      String own = "Origin: " + front.data().toString().replace("127.0.0.1", "localhost");
      String request =
          RawClient.post("/v1/completions", "{}")
              .replaceFirst(
                  "(?i)host: .*\r\n",
                  own.replace("Origin: http://", "Host: ") + "\r\n" + own + "\r\n");

      assertThat(RawClient.exchange(front.data(), request).status()).isEqualTo(200);
      assertThat(replica.arrived.getLast().header("origin")).isEmpty();
    }
  }

  private static ScriptedReplica withModels(String... models) throws IOException {
    return new ScriptedReplica(
        ScriptedReplica.json(
            "{\"object\":\"list\",\"data\":[%s]}".formatted(String.join(",", models))));
  }

  @Test
  void modelsAreThoseOfTheFirstReplicaAsItWroteThem() throws Exception {
    try (ScriptedReplica replica = withModels("{\"id\":\"m\", \"max_model_len\":4096}");
        ScriptedReplica same = withModels("{\"max_model_len\":4096,\"id\":\"m\"}");
        FrontFixture front = FrontFixture.of(replica, same)) {
      assertThat(RawClient.exchange(front.data(), RawClient.get("/v1/models")).text())
          .isEqualTo("{\"object\":\"list\",\"data\":[{\"id\":\"m\", \"max_model_len\":4096}]}");
    }
  }

  @Test
  void aModelHasTheSmallestLengthThatAReplicaHasForIt() throws Exception {
    try (ScriptedReplica a = withModels("{\"id\":\"m\",\"max_model_len\":4096}", "{\"id\":\"n\"}");
        ScriptedReplica b =
            withModels(
                "{\"id\":\"m\",\"max_model_len\":2048}", "{\"id\":\"o\",\"max_model_len\":1}");
        FrontFixture front = FrontFixture.of(a, b)) {
      assertThat(
              RawClient.exchange(
                      front.data(), RawClient.get("/v1/models", "Authorization: Bearer key"))
                  .text())
          .isEqualTo(
              "{\"object\":\"list\",\"data\":[{\"id\":\"m\",\"max_model_len\":2048},{\"id\":\"n\"}]}");
      assertThat(b.arrived.getFirst().header("authorization")).isEqualTo("Bearer key");
    }
  }

  @Test
  void theErrorOfAReplicaThatListsNoModelsIsRelayed() throws Exception {
    try (ScriptedReplica replica =
            new ScriptedReplica(
                (_, connection) ->
                    connection.write("HTTP/1.1 401 No\r\ncontent-length: 2\r\n\r\nno"));
        FrontFixture front = FrontFixture.of(replica)) {
      RawClient.Answer answer = RawClient.exchange(front.data(), RawClient.get("/v1/models"));
      assertThat(answer.status()).isEqualTo(401);
      assertThat(answer.text()).isEqualTo("no");
    }
  }

  @Test
  void theFrontIsHealthyWhileAReplicaTakesRequests() throws Exception {
    try (ScriptedReplica replica = new ScriptedReplica(ScriptedReplica.json("{}"));
        FrontFixture front = FrontFixture.of(replica)) {
      FrontFixture.await("a replica", front::takesRequests);
      assertThat(RawClient.exchange(front.data(), RawClient.get("/health")).text())
          .isEqualTo("{\"status\":\"ok\",\"replicas\":1,\"routable\":1}");
      replica.healthy = false;
      FrontFixture.await(
          "no replica",
          () ->
              front.metric("freshet_route_upstream_state{replica=\"%s\"}".formatted(replica.name()))
                  == 0);
      RawClient.Answer down = RawClient.exchange(front.admin(), RawClient.get("/health"));
      assertThat(down.status()).isEqualTo(503);
      assertThat(down.text()).contains("none of 1 replicas takes requests");
    }
  }

  @Test
  void theAdminListenerTellsTheReplicasAndDoesNotRelay() throws Exception {
    try (ScriptedReplica replica = withModels("{\"id\":\"m\"}");
        FrontFixture front = FrontFixture.of(replica)) {
      replica.version = "7";
      FrontFixture.await(
          "the version",
          () ->
              front.metric("freshet_route_policy_version{replica=\"%s\"}".formatted(replica.name()))
                  == 7);
      RawClient.exchange(front.data(), RawClient.get("/version"));
      JsonNode one =
          JSON.readTree(RawClient.exchange(front.admin(), RawClient.get("/replicas")).text())
              .get("replicas")
              .get(0);
      assertThat(one.get("url").asString()).isEqualTo(replica.url());
      assertThat(one.get("kind").asString()).isEqualTo("vllm");
      assertThat(one.get("state").asString()).isEqualTo("serving");
      assertThat(one.get("health").asString()).isEqualTo("up");
      assertThat(one.get("policy_version").asInt()).isEqualTo(7);
      assertThat(one.get("in_flight").asInt()).isZero();
      assertThat(one.get("answered").asInt()).isEqualTo(1);

      JsonNode workers =
          JSON.readTree(RawClient.exchange(front.admin(), RawClient.get("/v1/rl/workers")).text());
      assertThat(workers.get("protocol_version").asInt()).isEqualTo(1);
      JsonNode worker = workers.get("workers").get(0);
      assertThat(worker.get("system_url").asString()).isEqualTo(replica.url());
      assertThat(worker.get("model").asString()).isEqualTo("m");
      assertThat(worker.get("routes").valueStream().map(JsonNode::asString))
          .contains("/collective_rpc", "/pause", "/resume");

      assertThat(RawClient.exchange(front.admin(), RawClient.get("/metrics")).text())
          .contains("freshet_route_in_flight");
      assertThat(RawClient.exchange(front.admin(), RawClient.get("/v1/models")).status())
          .isEqualTo(404);
    }
  }

  @Test
  void aTokenOpensTheAdminRoutesOnBothListeners() throws Exception {
    Path token = Files.writeString(dir.resolve("token"), "secret\n");
    try (ScriptedReplica replica = new ScriptedReplica(ScriptedReplica.json("{}"));
        FrontFixture front =
            FrontFixture.of(Map.of("admin_token_file", token.toString()), replica)) {
      for (var listener : java.util.List.of(front.data(), front.admin())) {
        assertThat(RawClient.exchange(listener, RawClient.get("/replicas")).status())
            .isEqualTo(401);
        assertThat(
                RawClient.exchange(
                        listener, RawClient.get("/replicas", "Authorization: Bearer secret"))
                    .status())
            .isEqualTo(200);
        assertThat(RawClient.exchange(listener, RawClient.get("/health")).status()).isEqualTo(200);
      }
      assertThat(
              RawClient.exchange(
                      front.data(), RawClient.post("/sleep", "", "Authorization: Bearer secret"))
                  .status())
          .isEqualTo(403);
    }
  }
}
