package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.fleet.Checkpoints;
import dev.freshet.fleet.PeerServer;
import dev.freshet.fleet.PeerServer.Fault;
import dev.freshet.fleet.PeerServer.Plan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A front that is killed in the middle of an update, and the one that is started after it. */
@Timeout(120)
class KilledFrontTest {
  @TempDir private static Path weights;
  @TempDir private Path dir;
  private static String first;
  private static String second;

  @BeforeAll
  static void publish() {
    first = Checkpoints.publish(weights, 1, Checkpoints.MODEL).toString();
    second = Checkpoints.publish(weights, 2, Checkpoints.MODEL).toString();
  }

  /**
   * The kill while a server carries out a call: a Freshet server, or one of {@code kind} beside it.
   *
   * @param carriedOut whether the call had taken effect by then
   * @param finished whether all serve the target afterwards; empty if a late call decides
   */
  record Kill(
      String kind, boolean ofFreshet, String call, boolean carriedOut, Optional<Boolean> finished) {
    static Kill vllm(String call, boolean carriedOut, Optional<Boolean> finished) {
      return new Kill("vllm", false, call, carriedOut, finished);
    }

    static Kill freshet(String phase, boolean carriedOut, Optional<Boolean> finished) {
      return new Kill("vllm", true, "/update_weights#" + phase, carriedOut, finished);
    }

    @Override
    public String toString() {
      return "%s %s%s".formatted(carriedOut ? "after" : "in", ofFreshet ? "" : kind, call);
    }
  }

  static Stream<Kill> kills() {
    return Stream.of(
        Kill.vllm("/pause", false, Optional.of(false)),
        Kill.vllm("/pause", true, Optional.of(false)),
        Kill.vllm("/collective_rpc", false, Optional.of(false)),
        Kill.vllm("/collective_rpc", true, Optional.of(false)),
        Kill.vllm("/reset_prefix_cache", true, Optional.of(false)),
        Kill.vllm("/update_weight_version", true, Optional.of(false)),
        Kill.vllm("/resume", false, Optional.of(true)),
        Kill.vllm("/resume", true, Optional.of(true)),
        Kill.freshet("prepare", true, Optional.of(false)),
        Kill.freshet("commit", false, Optional.empty()),
        Kill.freshet("commit", true, Optional.of(true)),
        new Kill("sglang", false, "/pause_generation", true, Optional.of(false)),
        new Kill("sglang", false, "/update_weights_from_disk", true, Optional.of(false)),
        new Kill("sglang", false, "/continue_generation", false, Optional.of(true)),
        new Kill("vllm-lora", false, "/v1/load_lora_adapter", true, Optional.of(false)));
  }

  @ParameterizedTest
  @MethodSource("kills")
  void anUpdateThatTheKillInterruptedIsFinishedOrUndoneByTheNextFront(Kill kill) throws Exception {
    try (PeerServer a = new PeerServer("freshet");
        PeerServer b = new PeerServer(kill.kind())) {
      PeerServer struck = kill.ofFreshet() ? a : b;
      try (FrontProcess front = FrontProcess.start(keys(a, b))) {
        FrontFixture.await("both replicas", () -> isRoutable(front));
        assertThat(update(front, first, 1)).isEqualTo(200);
        struck.arm(new Plan(kill.call(), Fault.STOPPED, kill.carriedOut()));
        Thread update = inBackground(front);
        FrontFixture.await("the call", struck::isStopped);
        front.kill();
        update.join();
      }
      struck.continues();
      try (FrontFixture front = FrontFixture.of(dir, Map.of("policy", "round_robin"), a, b)) {
        FrontClient client = new FrontClient(front);
        String answer = client.ask(); // It waits for the recovery.
        front.awaitRoutable(2);

        String expected = kill.finished().map(all -> all ? second : first).orElse(answer);
        assertThat(answer).isEqualTo(expected);
        assertThat(a.serves(expected)).as("%s", a).isTrue();
        assertThat(b.serves(expected)).as("%s", b).isTrue();
        assertThat(b.violations).isEmpty();
        for (int i = 0; i < 4; i++) {
          assertThat(client.ask()).isEqualTo(expected);
        }
        Path journal = dir.resolve("updates.jsonl");
        FrontFixture.await(
            "the journal says how it ended", () -> lastLine(journal).contains("\"ended\""));
        RawClient.Answer next = client.update(second, 3);
        assertThat(next.status()).as(next.text()).isEqualTo(200);
      }
    }
  }

  private static String lastLine(Path file) {
    try {
      return Files.readAllLines(file).getLast();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private List<String> keys(PeerServer... servers) {
    return List.of(
        "port=0",
        "admin_port=0",
        "probe_interval_ms=20",
        "journal=" + dir.resolve("updates.jsonl"),
        "upstreams=" + String.join(",", Stream.of(servers).map(FrontFixture::named).toList()));
  }

  private static boolean isRoutable(FrontProcess front) {
    try {
      return RawClient.exchange(front.data(), RawClient.get("/health"))
          .text()
          .contains("\"routable\":2");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static int update(FrontProcess front, String directory, long step) throws IOException {
    return RawClient.exchange(
            front.admin(),
            RawClient.post(
                "/update_weights",
                "{\"weight_dir\":\"%s\",\"step\":%d}".formatted(directory, step)))
        .status();
  }

  private static Thread inBackground(FrontProcess front) {
    return Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
              try {
                update(front, second, 2);
              } catch (IOException e) {
                // The front was killed.
              }
            });
  }
}
