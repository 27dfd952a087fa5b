package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.fleet.Checkpoints;
import dev.freshet.fleet.PeerServer;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** A replica that is restarted with old weights before the resume that ends a client's pause. */
@Timeout(120)
class RestartInPauseTest {
  @TempDir private Path dir;

  @ParameterizedTest
  @ValueSource(strings = {"vllm", "sglang", "freshet"})
  void itGetsNoneOfTheRequestsThatWaitedForTheResume(String kind) throws Exception {
    String first = Checkpoints.publish(dir, 1, Checkpoints.MODEL).toString();
    try (PeerServer server = new PeerServer(kind);
        FrontFixture front =
            FrontFixture.of(
                dir, Map.of("policy", "round_robin", "probe_interval_ms", "600000"), server)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(1);
      assertThat(client.update(first, 1).status()).isEqualTo(200);
      assertThat(client.post("/pause?mode=keep&clear_cache=false", "").status()).isEqualTo(200);
      FutureTask<String> request = FrontClient.inBackground(client::ask);
      FrontFixture.await("it waits", () -> front.metric("freshet_route_waiting") == 1);
      server.kill();
      server.start();
      assertThat(client.post("/resume", "").status()).isEqualTo(200);

      JsonNode replica = client.replica(0);
      assertThat(replica.get("state").asString()).isEqualTo("quarantined");
      assertThat(replica.get("reason").asString())
          .contains("after the resume it serves version", "expected version 1", "restarted");
      assertThat(request.isDone()).isFalse();
      assertThat(client.update(first, 1).status()).isEqualTo(200);
      assertThat(request.get(60, TimeUnit.SECONDS)).isEqualTo(first);
      assertThat(server.violations).isEmpty();
    }
  }
}
