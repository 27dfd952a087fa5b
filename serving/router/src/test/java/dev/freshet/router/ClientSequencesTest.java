package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.fleet.Checkpoints;
import dev.freshet.fleet.PeerServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The calls by which the trainers of other projects update their servers, made to a front. */
@Timeout(120)
class ClientSequencesTest {
  @TempDir private static Path weights;
  @TempDir private Path dir;
  private static String second;

  @BeforeAll
  static void publish() {
    second = Checkpoints.publish(weights, 2, Checkpoints.MODEL).toString();
  }

  private static void accepted(RawClient.Answer answer) {
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
  }

  private FrontFixture front(PeerServer... servers) throws InterruptedException {
    FrontFixture front = FrontFixture.of(dir, Map.of("policy", "round_robin"), servers);
    front.awaitRoutable(servers.length);
    return front;
  }

  private static void bothServe(FrontClient client, PeerServer a, PeerServer b) throws IOException {
    assertThat(client.ask("x-freshet-min-version: 2")).isEqualTo(second);
    for (PeerServer server : new PeerServer[] {a, b}) {
      assertThat(server.serves(second)).as("%s", server).isTrue();
      assertThat(server.violations).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({"prime-rl,prime-rl", "vllm,prime-rl", "sglang,freshet", "freshet,freshet"})
  void primeRlPausesUpdatesAndResumes(String one, String other) throws Exception {
    try (PeerServer a = new PeerServer(one);
        PeerServer b = new PeerServer(other);
        FrontFixture front = front(a, b)) {
      FrontClient client = new FrontClient(front);
      accepted(RawClient.exchange(front.data(), RawClient.get("/health")));
      accepted(client.get("/health"));
      accepted(client.get("/liveness"));
      accepted(client.post("/pause?mode=keep&clear_cache=false", ""));
      accepted(
          client.post(
              "/update_weights",
              "{\"weight_dir\":\"%s\",\"version_uid\":\"7f3a\"}".formatted(second)));
      accepted(client.post("/resume", ""));

      bothServe(client, a, b);
      assertThat(client.get("/weight_info").text()).isEqualTo("{\"weight_version\":\"2\"}");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"prime-rl", "vllm", "freshet"})
  void primeRlOf2025UpdatesWithoutAPauseAndReturnsToTheBaseModel(String kind) throws Exception {
    try (PeerServer a = new PeerServer(kind);
        PeerServer b = new PeerServer(kind);
        FrontFixture front = front(a, b)) {
      FrontClient client = new FrontClient(front);
      RawClient.Answer update =
          client.post("/update_weights", "{\"weight_dir\":\"%s\"}".formatted(second));
      accepted(update);
      assertThat(FrontClient.json(update).get("status").asString()).isEqualTo("ok");
      bothServe(client, a, b);
      accepted(client.post("/reload_weights", "{}"));
      assertThat(client.ask()).isEqualTo("base");
    }
  }

  @ParameterizedTest
  @CsvSource({"sglang,sglang,retract", "sglang,vllm,in_place", "vllm,freshet,abort"})
  void slimePausesFlushesLoadsFromDiskAndContinues(String one, String other, String mode)
      throws Exception {
    try (PeerServer a = new PeerServer(one);
        PeerServer b = new PeerServer(other);
        FrontFixture front = front(a, b)) {
      FrontClient client = new FrontClient(front);
      accepted(client.post("/pause_generation", "{\"mode\":\"%s\"}".formatted(mode)));
      accepted(client.get("/flush_cache"));
      RawClient.Answer update =
          client.post(
              "/update_weights_from_disk",
              "{\"model_path\":\"%s\",\"weight_version\":\"2\",\"load_format\":null,\"flush_cache\":true}"
                  .formatted(second));
      accepted(update);
      assertThat(FrontClient.json(update).get("success").asBoolean()).isTrue();
      accepted(client.post("/continue_generation", "{}"));

      bothServe(client, a, b);
      assertThat(FrontClient.json(client.get("/model_info")).get("weight_version").asString())
          .isEqualTo("2");
    }
  }

  @ParameterizedTest
  @CsvSource({"vllm,vllm", "vllm,freshet", "freshet,freshet"})
  void verlPausesReloadsByRpcResetsTheCacheAndResumes(String one, String other) throws Exception {
    try (PeerServer a = new PeerServer(one);
        PeerServer b = new PeerServer(other);
        FrontFixture front = front(a, b)) {
      FrontClient client = new FrontClient(front);
      accepted(client.post("/pause?mode=wait&clear_cache=true", ""));
      RawClient.Answer update =
          client.post(
              "/collective_rpc",
              "{\"method\":\"reload_weights\",\"kwargs\":{\"weights_path\":\"%s\"}}"
                  .formatted(second));
      accepted(update);
      assertThat(FrontClient.json(update).get("results").size()).isEqualTo(2);
      accepted(client.post("/reset_prefix_cache", ""));
      accepted(client.post("/resume", ""));

      bothServe(client, a, b);
      assertThat(client.post("/collective_rpc", "{\"method\":\"save\"}").status()).isEqualTo(501);
    }
  }
}
