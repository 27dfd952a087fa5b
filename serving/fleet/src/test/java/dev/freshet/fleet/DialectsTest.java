package dev.freshet.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.AdminException;
import dev.freshet.client.AdminResult;
import dev.freshet.client.ScriptedServer;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.UpdatePart;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdatePhase;
import dev.freshet.wire.UpdateWeightsRequest;
import dev.freshet.wire.VerifyLevel;
import dev.freshet.wire.WireException;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Updates of servers that are not Freshet's, which answer as their programs do. */
@Timeout(60)
class DialectsTest {
  /** What a route that fails answers. */
  private static final String FAILS = "500";

  private static final String VLLM_LOAD = "/collective_rpc";
  private static final Map<String, String> VLLM =
      Map.of(
          "/pause",
          "{\"status\":\"paused\"}",
          VLLM_LOAD,
          "{\"results\":[null]}",
          "/reset_prefix_cache",
          "",
          "/update_weight_version",
          "{\"success\":true}",
          "/resume",
          "{\"status\":\"resumed\"}",
          "/weight_info",
          "{\"weight_version\":\"default\"}");
  private static final String SGLANG_LOAD = "/update_weights_from_disk";
  private static final Map<String, String> SGLANG =
      Map.of(
          "/pause_generation",
          "{}",
          SGLANG_LOAD,
          "{\"success\":true,\"message\":\"Succeeded\",\"num_paused_requests\":0}",
          "/continue_generation",
          "{}",
          "/model_info",
          "{\"model_path\":\"/w\",\"weight_version\":\"7\"}");

  private final List<String> log = new CopyOnWriteArrayList<>();
  private final EventLog events = new EventLog(log::add, MonotonicClock.SYSTEM);

  @ParameterizedTest
  @CsvSource({
    "KEEP,      mode=keep&clear_cache=false",
    "RECOMPUTE, mode=keep&clear_cache=true",
    "DRAIN,     mode=wait&clear_cache=true",
    "ABORT,     mode=abort&clear_cache=true"
  })
  void vllmIsPausedLoadsIsToldItsVersionAndGoesOn(UpdateMode mode, String pause) throws Exception {
    try (ScriptedServer server = peer(VLLM);
        ReplicaAdmin client = client(server, Dialects.VLLM)) {
      AdminResult result = client.update(update(mode), TraceId.random());

      assertThat(paths(server))
          .isEqualTo(
              Stream.of(
                      "/pause?" + pause,
                      VLLM_LOAD,
                      mode == UpdateMode.KEEP ? "/reset_prefix_cache" : "",
                      "/update_weight_version",
                      "/resume")
                  .filter(path -> !path.isEmpty())
                  .toList());
      assertThat(server.requests().get(1))
          .endsWith("{\"method\":\"reload_weights\",\"kwargs\":{\"weights_path\":\"/w/step_8\"}}");
      assertThat(result.weightVersion()).isEqualTo("8");
      assertThat(result.timings().phases().byWireName())
          .containsKeys("pause_ms", "load_ms", "version_ms", "resume_ms");
      double load = result.timings().ms(UpdatePart.LOAD).orElse(0);
      assertThat(result.timings().stallMs().getAsDouble())
          .isBetween(load, result.timings().wallMs());
      assertThat(result.timings().queueMs()).as("it does not tell what it waited").isEmpty();
      assertThat(log).hasSize(2);
      assertThat(log.getFirst()).contains("client.send", VLLM_LOAD, "path=/w/step_8");
      assertThat(log.getLast()).contains("client.done wall_ms=").doesNotContain("rpc_ms");
    }
  }

  @Test
  void anOlderVllmThatCannotBeToldItsVersionIsUpdatedAllTheSame() throws Exception {
    try (ScriptedServer server = peer(without(VLLM, "/update_weight_version"));
        ReplicaAdmin client = client(server, Dialects.VLLM)) {
      var _ = client.update(update(UpdateMode.KEEP), TraceId.random());

      assertThat(paths(server)).last().isEqualTo("/resume");
      assertThat(client.servingVersion()).as("of 'default'").isEmpty();
    }
  }

  @Test
  void aServerWhoseLoadFailsStaysPaused() throws Exception {
    try (ScriptedServer server = peer(without(VLLM, VLLM_LOAD));
        ReplicaAdmin client = client(server, Dialects.VLLM)) {
      AdminException error =
          catchThrowableOfType(
              AdminException.class, () -> client.update(update(UpdateMode.KEEP), TraceId.random()));

      assertThat(error).hasMessageContaining("HTTP 404").hasMessageContaining("stays paused");
      assertThat(paths(server)).last().isEqualTo(VLLM_LOAD);
      assertThat(log.getLast()).contains("client.done", "error=");
    }
  }

  @Test
  void aPauseThatIsNotAnsweredIsTakenBack() throws Exception {
    try (ScriptedServer server = peer(VLLM, "/pause");
        ReplicaAdmin client = client(server, Dialects.VLLM)) {
      AdminException error =
          catchThrowableOfType(
              AdminException.class,
              () -> client.update(update(UpdateMode.DRAIN), TraceId.random()));

      assertThat(error.code()).isEqualTo("read_timeout");
      assertThat(paths(server)).containsExactly("/pause?mode=wait&clear_cache=true", "/resume");
    }
  }

  @Test
  void aLoadThatMayStillRunIsNotBegunAgain() throws Exception {
    loadsOnce(peer(VLLM, VLLM_LOAD));
  }

  @Test
  void neitherIsOneThatHasFailed() throws Exception {
    Map<String, String> failing = new HashMap<>(VLLM);
    failing.put(VLLM_LOAD, FAILS);
    loadsOnce(peer(failing));
  }

  private void loadsOnce(ScriptedServer peer) throws Exception {
    try (ScriptedServer server = peer;
        ReplicaAdmin client = client(server, Dialects.VLLM)) {
      AdminException error =
          catchThrowableOfType(
              AdminException.class,
              () ->
                  client.update(update(UpdateMode.KEEP), TraceId.random(), Duration.ofSeconds(30)));

      assertThat(error).hasMessageContaining("stays paused");
      assertThat(paths(server)).filteredOn(VLLM_LOAD::equals).hasSize(1);
    }
  }

  @ParameterizedTest
  @CsvSource({"KEEP, in_place, false", "RECOMPUTE, retract, true", "ABORT, abort, true"})
  void sglangIsPausedLoadsAndContinues(UpdateMode mode, String pause, boolean flush)
      throws Exception {
    try (ScriptedServer server = peer(SGLANG);
        ReplicaAdmin client = client(server, Dialects.SGLANG)) {
      var _ = client.update(update(mode), TraceId.random());

      assertThat(paths(server))
          .containsExactly("/pause_generation", SGLANG_LOAD, "/continue_generation");
      assertThat(server.requests().get(0)).endsWith("{\"mode\":\"" + pause + "\"}");
      assertThat(server.requests().get(1))
          .endsWith(
              "{\"model_path\":\"/w/step_8\",\"weight_version\":\"8\",\"flush_cache\":%b,\"abort_all_requests\":false}"
                  .formatted(flush));
      assertThat(client.servingVersion()).hasValue(7);
    }
  }

  @Test
  void sglangDrainsByItself() throws Exception {
    try (ScriptedServer server = peer(SGLANG);
        ReplicaAdmin client = client(server, Dialects.SGLANG)) {
      AdminResult result = client.update(update(UpdateMode.DRAIN), TraceId.random());

      assertThat(paths(server)).containsExactly(SGLANG_LOAD);
      assertThat(result.timings().stallMs()).isEmpty();
    }
  }

  @Test
  void anSglangThatSaysItFailedHasFailed() throws Exception {
    Map<String, String> failing = new HashMap<>(SGLANG);
    failing.put(SGLANG_LOAD, "{\"success\":false,\"message\":\"no such shape\"}");
    try (ScriptedServer server = peer(failing);
        ReplicaAdmin client = client(server, Dialects.SGLANG)) {
      AdminException error =
          catchThrowableOfType(
              AdminException.class, () -> client.update(update(UpdateMode.KEEP), TraceId.random()));

      assertThat(error).hasMessageContaining("no such shape").hasMessageContaining("stays paused");
    }
  }

  @Test
  void aPrimeRlServerOfEitherYearIsUpdated() throws Exception {
    Map<String, String> old = Map.of("/update_weights", "{\"status\":\"ok\",\"rpc_ms\":1.5}");
    try (ScriptedServer server = peer(old);
        ReplicaAdmin client = client(server, Dialects.PRIME_RL)) {
      AdminResult result = client.update(update(UpdateMode.KEEP), TraceId.random());

      assertThat(paths(server)).containsExactly("/pause", "/update_weights");
      assertThat(server.requests().getLast()).endsWith("{\"weight_dir\":\"/w/step_8\"}");
      assertThat(result.timings().rpcMs()).hasValue(1.5);
      assertThat(result.timings().queueMs().getAsDouble()).isPositive();
    }
    Map<String, String> newer =
        Map.of("/pause", "{}", "/update_weights", "{\"status\":\"ok\"}", "/resume", "{}");
    try (ScriptedServer server = peer(newer);
        ReplicaAdmin client = client(server, Dialects.PRIME_RL)) {
      var _ = client.update(update(UpdateMode.KEEP), TraceId.random());

      assertThat(paths(server)).containsExactly("/pause", "/update_weights", "/resume");
    }
  }

  @Test
  void whatAPeerCannotDoIsRefusedBeforeItIsAsked() throws Exception {
    try (ScriptedServer server = peer(VLLM);
        ReplicaAdmin vllm = client(server, Dialects.VLLM);
        ReplicaAdmin prime = client(server, Dialects.PRIME_RL)) {
      WireException phase =
          catchThrowableOfType(
              WireException.class,
              () ->
                  vllm.update(
                      new UpdateWeightsRequest(
                          Optional.of("/w/step_8"),
                          OptionalLong.of(8),
                          UpdateMode.KEEP,
                          UpdatePhase.PREPARE,
                          VerifyLevel.FULL,
                          false),
                      TraceId.random()));
      WireException mode =
          catchThrowableOfType(
              WireException.class, () -> prime.update(update(UpdateMode.DRAIN), TraceId.random()));

      assertThat(phase).hasMessageContaining("phase: expected all for a vllm server");
      assertThat(mode).hasMessageContaining("mode: expected keep for a prime-rl server");
      assertThat(server.requests()).isEmpty();
    }
  }

  private ReplicaAdmin client(ScriptedServer server, Dialect dialect) {
    Duration soon = Duration.ofMillis(500);
    AdminDeadlines deadlines =
        new AdminDeadlines(Duration.ofSeconds(10), Duration.ofSeconds(10), soon, soon, soon);
    return new ReplicaAdmin(server.url(), dialect, deadlines, Optional.empty(), events);
  }

  private static UpdateWeightsRequest update(UpdateMode mode) {
    return UpdateWeightsRequest.of("/w/step_8", OptionalLong.of(8), mode);
  }

  private static ScriptedServer peer(Map<String, String> routes) throws IOException {
    return peer(routes, "none");
  }

  /**
   * A server with these routes and what they answer.
   *
   * @param hanging the one that never answers
   */
  private static ScriptedServer peer(Map<String, String> routes, String hanging)
      throws IOException {
    return new ScriptedServer(
        connection -> {
          if (!connection.readRequest()) {
            return;
          }
          String path = connection.path();
          String answer = routes.get(path);
          if (path.equals(hanging)) {
            connection.awaitEnd();
          } else if (answer == null) {
            connection.json("404 Not Found", "{\"detail\":\"Not Found\"}");
          } else if (answer.equals(FAILS)) {
            connection.json("500 Internal Server Error", "{\"error\":\"a worker failed\"}");
          } else {
            connection.json("200 OK", answer);
          }
        });
  }

  private static Map<String, String> without(Map<String, String> routes, String route) {
    Map<String, String> rest = new HashMap<>(routes);
    rest.remove(route);
    return rest;
  }

  private static List<String> paths(ScriptedServer server) {
    return server.requests().stream().map(request -> request.split(" ", 3)[1]).toList();
  }
}
