package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.fleet.Checkpoints;
import dev.freshet.fleet.PeerServer;
import dev.freshet.fleet.PeerServer.Fault;
import dev.freshet.fleet.PeerServer.Plan;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A replica that the end of a client's pause does not resume, which its catch-up then does. */
@Timeout(120)
class LeftInPauseTest {
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

  @ParameterizedTest
  @CsvSource({
    "freshet, /update_weights#prepare",
    "vllm-lora, /v1/load_lora_adapter",
    "vllm, /collective_rpc"
  })
  void oneThatAnUpdateWithinThePauseHasLeftOutIsResumedByItsCatchUp(String kind, String call)
      throws Exception {
    try (PeerServer a = new PeerServer("vllm");
        PeerServer b = new PeerServer(kind);
        FrontFixture front = FrontFixture.of(dir, Map.of(), a, b)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(2);
      assertThat(client.update(first, 1).status()).isEqualTo(200);
      assertThat(client.post(KEEP, "").status()).isEqualTo(200);
      b.missing.add(call);
      assertThat(client.update(second, 2).status()).isEqualTo(502);
      b.missing.clear();
      assertThat(client.post("/resume", "").status()).isEqualTo(200);

      front.awaitRoutable(2);
      assertThat(b.serves(first)).as("%s", b).isTrue();
      assertThat(b.violations).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"freshet", "vllm-lora", "vllm"})
  void oneWhoseResumeFailsIsResumedByItsCatchUp(String kind) throws Exception {
    try (PeerServer a = new PeerServer("vllm");
        PeerServer b = new PeerServer(kind);
        FrontFixture front = FrontFixture.of(dir, Map.of(), a, b)) {
      FrontClient client = new FrontClient(front);
      front.awaitRoutable(2);
      assertThat(client.update(first, 1).status()).isEqualTo(200);
      assertThat(client.post(KEEP, "").status()).isEqualTo(200);
      b.arm(new Plan("/resume", Fault.FAILS, false));
      assertThat(client.post("/resume", "").status()).isEqualTo(502);

      front.awaitRoutable(2);
      assertThat(b.serves(first)).as("%s", b).isTrue();
      assertThat(b.violations).isEmpty();
    }
  }
}
