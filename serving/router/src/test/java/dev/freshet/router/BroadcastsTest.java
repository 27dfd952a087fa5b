package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.fleet.Checkpoints;
import dev.freshet.fleet.PeerServer;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** prime-rl's client when its trainer broadcasts the weights. */
@Timeout(120)
class BroadcastsTest {
  private static final String KEEP = "/pause?mode=keep&clear_cache=false";

  @TempDir private Path dir;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"host\":\"h\",\"port\":29501,\"server_rank\":0,\"num_inference_server\":1,\"timeout\":1200}",
        "{\"host\":\"h\",\"port\":29501,\"rank_offset\":0,\"inference_world_size\":8,\"timeout\":1200}"
      })
  void aGroupWithTheTrainerIsRefusedWithWhatIsPossibleInstead(String body) throws Exception {
    try (PeerServer a = new PeerServer("prime-rl");
        PeerServer b = new PeerServer("prime-rl");
        FrontFixture front = FrontFixture.of(dir, Map.of(), a, b)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(2);
      RawClient.Answer answer = client.post("/init_broadcaster", body);

      // Clients take 404 for a server that needs no group, and repeat the call after a 5xx.
      assertThat(answer.status()).isEqualTo(409);
      assertThat(answer.text())
          .contains("weight_broadcast.type to filesystem", "admin_base_url to the servers")
          .contains(a.url().toString(), b.url().toString());
      assertThat(a.calls).doesNotContain("/init_broadcaster");
    }
  }

  @Test
  void anUpdateWithoutADirectoryIsNoReturnToTheFirstModelAfterARefusedBroadcast() throws Exception {
    String second = Checkpoints.publish(dir, 2, Checkpoints.MODEL).toString();
    try (PeerServer a = new PeerServer("prime-rl");
        FrontFixture front = FrontFixture.of(dir, Map.of(), a)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(1);
      assertThat(client.update(second, 2).status()).isEqualTo(200);
      client.post("/init_broadcaster", "{}");
      assertThat(client.post(KEEP, "").status()).isEqualTo(200);
      RawClient.Answer update = client.post("/update_weights", "{\"weight_dir\":null}");
      assertThat(client.post("/resume", "").status()).isEqualTo(200);

      assertThat(update.status()).isEqualTo(409);
      assertThat(update.text()).contains("expected a directory", "/reload_weights");
      assertThat(client.ask()).isEqualTo(second);
      assertThat(client.update(second, 3).status()).isEqualTo(200);
      assertThat(client.post("/update_weights", "{\"weight_dir\":null}").status()).isEqualTo(200);
      assertThat(client.ask()).isEqualTo("base");
    }
  }

  @Test
  void aClientThatUpdatesTheServersItselfOnlyIsRelayed() throws Exception {
    try (PeerServer a = new PeerServer("vllm");
        FrontFixture front = FrontFixture.of(dir, Map.of(), a)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(1);
      RawClient.exchange(a.url(), RawClient.post(KEEP, ""));
      FrontFixture.await("it gets no requests", () -> !front.takesRequests());
      a.weights = "broadcast";
      RawClient.exchange(a.url(), RawClient.post("/resume", ""));

      assertThat(client.ask()).isEqualTo("broadcast");
      assertThat(a.calls).filteredOn("/pause"::equals).hasSize(1);
    }
  }
}
