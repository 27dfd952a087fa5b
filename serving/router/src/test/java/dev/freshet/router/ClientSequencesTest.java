package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.fleet.Checkpoints;
import dev.freshet.fleet.Fleet;
import dev.freshet.fleet.FleetOptions;
import dev.freshet.fleet.PeerServer;
import dev.freshet.fleet.PhaseDeadlines;
import dev.freshet.fleet.ReplicaSpec;
import dev.freshet.fleet.ServerAddress;
import dev.freshet.fleet.UpdateJournal;
import dev.freshet.fleet.dialect.Dialects;
import dev.freshet.fleet.dialect.Target;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.UpdateMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
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
  private static String first;
  private static String second;

  @BeforeAll
  static void publish() {
    first = Checkpoints.publish(weights, 1, Checkpoints.MODEL).toString();
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

  @ParameterizedTest
  @CsvSource({"vllm,vllm", "vllm,freshet", "freshet,freshet"})
  void anOrchestratorUpdatesAFrontAsOneVllmServer(String one, String other) throws Exception {
    try (PeerServer a = new PeerServer(one);
        PeerServer b = new PeerServer(other);
        FrontFixture front = front(a, b);
        Fleet fleet =
            new Fleet(
                List.of(
                    new ReplicaSpec(
                        new ServerAddress(front.data(), front.admin()), Dialects.named("vllm"))),
                Optional.empty(),
                new FleetOptions(
                    PhaseDeadlines.all(Duration.ofSeconds(30)),
                    0,
                    Duration.ofMillis(50),
                    Duration.ofSeconds(30),
                    Optional.empty()),
                UpdateJournal.NONE,
                EventLog.silent(MonotonicClock.SYSTEM))) {
      fleet.begin(Duration.ofSeconds(30), () -> false);
      for (String directory : List.of(first, second)) {
        long version = directory.equals(first) ? 1 : 2;
        assertThat(fleet.update(Target.of(version, directory, UpdateMode.KEEP)).failures())
            .isEmpty();
        assertThat(fleet.policyVersion()).isEqualTo(version);
        assertThat(a.serves(directory)).isTrue();
        assertThat(b.serves(directory)).isTrue();
      }
      bothServe(new FrontClient(front), a, b);
      assertThat(new FrontClient(front).get("/weight_info").text())
          .contains("\"weight_version\":\"2@");
    }
  }

  @Test
  void aVersionThatTheClientDoesNotNumberIsAboveWhatTheReplicasServe() throws Exception {
    try (PeerServer a = new PeerServer("vllm");
        PeerServer b = new PeerServer("vllm")) {
      for (PeerServer server : List.of(a, b)) { // Updated by a front whose journal is gone.
        server.name = "7@00000000000000aa";
        server.weights = "theirs";
      }
      try (FrontFixture front = front(a, b)) {
        Path unnumbered =
            Files.move(
                Checkpoints.publish(dir.resolve("best"), 1, Checkpoints.MODEL),
                dir.resolve("unnumbered"));
        RawClient.Answer update =
            new FrontClient(front)
                .post("/update_weights", "{\"weight_dir\":\"%s\"}".formatted(unnumbered));

        accepted(update);
        assertThat(FrontClient.json(update).get("weight_version").asString()).isEqualTo("8");
      }
    }
  }

  @Test
  void aNameNeedsAnUpdateAndAText() throws Exception {
    try (PeerServer a = new PeerServer("vllm");
        FrontFixture front = front(a)) {
      FrontClient client = new FrontClient(front);
      String name = "{\"new_version\":\"mine\"}";
      assertThat(client.post("/update_weight_version", name).status()).isEqualTo(409);
      assertThat(client.post("/update_weight_version", "{}").status()).isEqualTo(400);
      accepted(client.post("/update_weights", "{\"weight_dir\":\"%s\"}".formatted(first)));
      accepted(client.post("/update_weight_version", name));
      assertThat(client.get("/weight_info").text()).contains("\"mine\"");
      accepted(client.post("/update_weights", "{\"weight_dir\":\"%s\"}".formatted(second)));
      assertThat(client.get("/weight_info").text()).isEqualTo("{\"weight_version\":\"2\"}");
    }
  }
}
