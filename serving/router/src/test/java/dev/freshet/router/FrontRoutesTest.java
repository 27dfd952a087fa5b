package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
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
  void modelsAreRelayed() throws Exception {
    String models = "{\"object\":\"list\",\"data\":[{\"id\":\"m\",\"max_model_len\":4096}]}";
    try (ScriptedReplica replica = new ScriptedReplica(ScriptedReplica.json(models));
        FrontFixture front = FrontFixture.of(replica)) {
      assertThat(RawClient.exchange(front.data(), RawClient.get("/v1/models")).text())
          .isEqualTo(models);
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
    try (ScriptedReplica replica = new ScriptedReplica(ScriptedReplica.json("{}"));
        FrontFixture front = FrontFixture.of(replica)) {
      replica.version = "7";
      FrontFixture.await(
          "the version",
          () ->
              front.metric("freshet_route_policy_version{replica=\"%s\"}".formatted(replica.name()))
                  == 7);
      RawClient.exchange(front.data(), RawClient.get("/v1/models"));
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
      assertThat(workers.get("workers").get(0).get("system_url").asString())
          .isEqualTo(replica.url());

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
