package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.fleet.Checkpoints;
import dev.freshet.fleet.PeerServer;
import dev.freshet.fleet.PeerServer.Fault;
import dev.freshet.fleet.PeerServer.Plan;
import dev.freshet.fleet.TransactionJournal;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A front that is started again knows what the one before had learned of its servers. */
@Timeout(120)
class RestartedFrontTest {
  /** The front looks at its servers once, and then only in updates. */
  private static final Map<String, String> NO_LOOKS = Map.of("probe_interval_ms", "600000");

  @TempDir private Path dir;

  @Test
  void aServerThatALoadLeftWithoutWeightsIsNotResumedBeforeItHasLoaded() throws Exception {
    String first = Checkpoints.publish(dir, 1, Checkpoints.MODEL).toString();
    String second = Checkpoints.publish(dir, 2, Checkpoints.MODEL).toString();
    try (PeerServer good = new PeerServer("vllm");
        PeerServer broken = new PeerServer("vllm")) {
      try (FrontFixture front = FrontFixture.of(dir, NO_LOOKS, good, broken)) {
        FrontClient client = new FrontClient(front);
        front.awaitRoutable(2);
        assertThat(client.update(first, 1).status()).isEqualTo(200);
        broken.arm(new Plan("/collective_rpc", Fault.FAILS, false));
        assertThat(client.update(second, 2).status()).isEqualTo(502);
        // A later update of the other server ends, and changes nothing.
        assertThat(client.update(dir.resolve("none").toString(), 3).status()).isEqualTo(400);
        assertThat(broken.paused).isTrue();
      }
      try (FrontFixture front = FrontFixture.of(dir, Map.of(), good, broken)) {
        front.awaitRoutable(2);

        assertThat(broken.violations).isEmpty();
        assertThat(broken.serves(first)).isTrue();
        assertThat(good.serves(first)).isTrue();
        FrontFixture.await(
            "the end of the transaction",
            () -> new TransactionJournal(dir.resolve("updates.jsonl")).open().isEmpty());
      }
    }
  }
}
