package dev.freshet.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.AdminException;
import dev.freshet.client.AdminResult;
import dev.freshet.client.ScriptedServer;
import dev.freshet.client.SteppedClock;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.UpdatePart;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdatePhase;
import dev.freshet.wire.UpdateWeightsRequest;
import dev.freshet.wire.VerifyLevel;
import dev.freshet.wire.WireException;
import java.time.Duration;
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

/** The calls of an update in each program's dialect. */
@Timeout(60)
class DialectsTest {
  /** The deadline of calls to a server that hangs. */
  private static final Duration HANG = Duration.ofSeconds(3);

  private final List<String> log = new CopyOnWriteArrayList<>();
  private final EventLog events = new EventLog(log::add, MonotonicClock.SYSTEM);

  @ParameterizedTest
  @CsvSource({
    "KEEP,      mode=keep&clear_cache=false",
    "RECOMPUTE, mode=keep&clear_cache=true",
    "DRAIN,     mode=wait&clear_cache=true",
    "ABORT,     mode=abort&clear_cache=true"
  })
  void vllmPausesLoadsTakesItsVersionAndResumes(UpdateMode mode, String pause) throws Exception {
    try (ScriptedServer server = Peers.serve(Peers.VLLM);
        ReplicaAdmin client = client(server, Dialects.VLLM)) {
      AdminResult result = client.update(update(mode), TraceId.random());

      assertThat(Peers.paths(server))
          .isEqualTo(
              Stream.of(
                      "/pause?" + pause,
                      Peers.VLLM_LOAD,
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
      assertThat(result.timings().queueMs()).as("vLLM reports no rpc_ms").isEmpty();
      assertThat(log).hasSize(2);
      assertThat(log.getFirst()).contains("client.send", Peers.VLLM_LOAD, "path=/w/step_8");
      assertThat(log.getLast()).contains("client.done wall_ms=").doesNotContain("rpc_ms");
    }
  }

  @Test
  void aVllmWithoutTheVersionRouteIsUpdated() throws Exception {
    try (ScriptedServer server = Peers.serve(Peers.without(Peers.VLLM, "/update_weight_version"));
        ReplicaAdmin client = client(server, Dialects.VLLM)) {
      var _ = client.update(update(UpdateMode.KEEP), TraceId.random());

      assertThat(Peers.paths(server)).last().isEqualTo("/resume");
      assertThat(client.servingVersion()).as("of 'default'").isEmpty();
    }
  }

  @Test
  void aServerWhoseLoadFailsStaysPaused() throws Exception {
    try (ScriptedServer server = Peers.serve(Peers.with(Peers.VLLM, Peers.VLLM_LOAD, Peers.FAILS));
        ReplicaAdmin client = client(server, Dialects.VLLM)) {
      AdminException error =
          catchThrowableOfType(
              AdminException.class, () -> client.update(update(UpdateMode.KEEP), TraceId.random()));

      assertThat(error)
          .hasMessageContaining("HTTP 500")
          .hasMessageContaining("stays paused")
          .hasMessageContaining("do not resume it; update it with a good checkpoint");
      assertThat(Peers.paths(server)).last().isEqualTo(Peers.VLLM_LOAD);
      assertThat(log.getLast()).contains("client.done", "error=");
    }
  }

  @Test
  void aServerWithoutTheLoadRouteIsResumed() throws Exception {
    try (ScriptedServer server = Peers.serve(Peers.without(Peers.VLLM, Peers.VLLM_LOAD));
        ReplicaAdmin client = client(server, Dialects.VLLM)) {
      AdminException error =
          catchThrowableOfType(
              AdminException.class, () -> client.update(update(UpdateMode.KEEP), TraceId.random()));

      assertThat(error).hasMessageContaining("HTTP 404").hasMessageNotContaining("stays paused");
      assertThat(Peers.paths(server)).last().isEqualTo("/resume");
    }
  }

  @Test
  void keepBecomesRecomputeIfVllmCannotResetItsPrefixCacheBesideCompletions() throws Exception {
    try (ScriptedServer server = Peers.serve(Peers.BUSY_VLLM);
        ReplicaAdmin client = client(server, Dialects.VLLM)) {
      AdminResult result = client.update(update(UpdateMode.KEEP), TraceId.random());

      assertThat(Peers.paths(server))
          .containsSubsequence(
              Peers.VLLM_LOAD,
              Peers.VLLM_RESET,
              Peers.VLLM_RESET + "?reset_running_requests=true",
              "/resume");
      assertThat(result.notes()).singleElement().asString().contains("recompute");
    }
  }

  @Test
  void anUpdateFailsIfThePrefixCacheKeepsTheOldWeights() throws Exception {
    Map<String, String> stuck = Peers.with(Peers.VLLM, Peers.VLLM_RESET, "{\"success\":false}");
    try (ScriptedServer server = Peers.serve(stuck);
        ReplicaAdmin client = client(server, Dialects.VLLM)) {
      AdminException error =
          catchThrowableOfType(
              AdminException.class, () -> client.update(update(UpdateMode.KEEP), TraceId.random()));

      assertThat(error).hasMessageContaining("failed reset of the prefix cache");
      assertThat(Peers.paths(server)).last().isEqualTo("/resume");
    }
  }

  @Test
  void aResetThatIsNotReportedIsNoted() throws Exception {
    try (ScriptedServer server = Peers.serve(Peers.with(Peers.VLLM, Peers.VLLM_RESET, ""));
        ReplicaAdmin client = client(server, Dialects.VLLM)) {
      AdminResult result = client.update(update(UpdateMode.KEEP), TraceId.random());

      assertThat(result.notes()).singleElement().asString().contains("does not say");
    }
  }

  @Test
  void aServerThatDoesNotAnswerThePauseIsResumed() throws Exception {
    try (ScriptedServer server = Peers.serve(0, Peers.VLLM, "/pause");
        ReplicaAdmin client = client(server, Dialects.VLLM, HANG)) {
      AdminException error =
          catchThrowableOfType(
              AdminException.class,
              () -> client.update(update(UpdateMode.DRAIN), TraceId.random()));

      assertThat(error.code()).isEqualTo("read_timeout");
      assertThat(Peers.paths(server))
          .containsExactly("/pause?mode=wait&clear_cache=true", "/resume");
    }
  }

  @Test
  void aLoadThatMayStillRunIsNotPostedAgain() throws Exception {
    loadsOnce(Peers.serve(0, Peers.VLLM, Peers.VLLM_LOAD));
  }

  @Test
  void aLoadThatFailedIsNotPostedAgain() throws Exception {
    loadsOnce(Peers.serve(Peers.with(Peers.VLLM, Peers.VLLM_LOAD, Peers.FAILS)));
  }

  private void loadsOnce(ScriptedServer peer) throws Exception {
    try (ScriptedServer server = peer;
        ReplicaAdmin client = client(server, Dialects.VLLM, HANG)) {
      AdminException error =
          catchThrowableOfType(
              AdminException.class,
              () ->
                  client.update(update(UpdateMode.KEEP), TraceId.random(), Duration.ofSeconds(30)));

      assertThat(error).hasMessageContaining("stays paused");
      assertThat(Peers.paths(server)).filteredOn(Peers.VLLM_LOAD::equals).hasSize(1);
    }
  }

  @ParameterizedTest
  @CsvSource({"KEEP, in_place, false", "RECOMPUTE, retract, true", "ABORT, abort, true"})
  void sglangPausesLoadsAndContinues(UpdateMode mode, String pause, boolean flush)
      throws Exception {
    try (ScriptedServer server = Peers.serve(Peers.SGLANG);
        ReplicaAdmin client = client(server, Dialects.SGLANG)) {
      var _ = client.update(update(mode), TraceId.random());

      assertThat(Peers.paths(server))
          .containsExactly("/pause_generation", Peers.SGLANG_LOAD, "/continue_generation");
      assertThat(server.requests().get(0)).endsWith("{\"mode\":\"" + pause + "\"}");
      assertThat(server.requests().get(1))
          .endsWith(
              "{\"model_path\":\"/w/step_8\",\"weight_version\":\"8\",\"flush_cache\":%b,\"abort_all_requests\":false}"
                  .formatted(flush));
      assertThat(client.servingVersion()).hasValue(7);
    }
  }

  @Test
  void sglangDrainsWithoutAPause() throws Exception {
    try (ScriptedServer server = Peers.serve(Peers.SGLANG);
        ReplicaAdmin client = client(server, Dialects.SGLANG)) {
      AdminResult result = client.update(update(UpdateMode.DRAIN), TraceId.random());

      assertThat(Peers.paths(server)).containsExactly(Peers.SGLANG_LOAD);
      assertThat(result.timings().stallMs()).isEmpty();
    }
  }

  @Test
  void anSglangLoadWithSuccessFalseIsAFailure() throws Exception {
    Map<String, String> failing =
        Peers.with(
            Peers.SGLANG, Peers.SGLANG_LOAD, "{\"success\":false,\"message\":\"no such shape\"}");
    try (ScriptedServer server = Peers.serve(failing);
        ReplicaAdmin client = client(server, Dialects.SGLANG)) {
      AdminException error =
          catchThrowableOfType(
              AdminException.class, () -> client.update(update(UpdateMode.KEEP), TraceId.random()));

      assertThat(error).hasMessageContaining("no such shape").hasMessageContaining("stays paused");
    }
  }

  @Test
  void aPrimeRlServerIsUpdatedWithAndWithoutPauseRoutes() throws Exception {
    Map<String, String> old = Map.of("/update_weights", "{\"status\":\"ok\",\"rpc_ms\":1.5}");
    try (ScriptedServer server = Peers.serve(old);
        ReplicaAdmin client = client(server, Dialects.PRIME_RL)) {
      AdminResult result = client.update(update(UpdateMode.KEEP), TraceId.random());

      assertThat(Peers.paths(server)).containsExactly("/pause", "/update_weights");
      assertThat(server.requests().getLast()).endsWith("{\"weight_dir\":\"/w/step_8\"}");
      assertThat(result.timings().rpcMs()).hasValue(1.5);
      assertThat(result.timings().queueMs().getAsDouble()).isPositive();
    }
    try (ScriptedServer server = Peers.serve(Peers.PRIME_RL);
        ReplicaAdmin client = client(server, Dialects.PRIME_RL)) {
      var _ = client.update(update(UpdateMode.KEEP), TraceId.random());

      assertThat(Peers.paths(server)).containsExactly("/pause", "/update_weights", "/resume");
    }
  }

  @Test
  void anUnsupportedUpdateIsRejectedBeforeAnyCall() throws Exception {
    try (ScriptedServer server = Peers.serve(Peers.VLLM);
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

  @Test
  void aServerWhosePauseUsedUpTheTimeIsNotAskedToLoadAndIsResumed() throws Exception {
    SteppedClock clock = new SteppedClock();
    try (ScriptedServer server =
            new ScriptedServer(
                connection -> {
                  connection.readRequest();
                  if (connection.path().equals("/pause")) {
                    clock.advance(Duration.ofSeconds(60));
                  }
                  connection.json("200 OK", "{}");
                });
        ReplicaAdmin client =
            new ReplicaAdmin(
                server.url(),
                Dialects.VLLM,
                AdminDeadlines.all(Duration.ofSeconds(60)),
                Optional.empty(),
                EventLog.silent(clock))) {
      AdminException error =
          catchThrowableOfType(
              AdminException.class, () -> client.update(update(UpdateMode.KEEP), TraceId.random()));

      // The time ends while the client waits for the answer, or just after it has come.
      assertThat(error.code()).isIn("read_timeout", "deadline");
      assertThat(Peers.paths(server))
          .containsExactly("/pause?mode=keep&clear_cache=false", "/resume");
    }
  }

  private ReplicaAdmin client(ScriptedServer server, Dialect dialect) {
    return client(server, dialect, Duration.ofSeconds(30));
  }

  private ReplicaAdmin client(ScriptedServer server, Dialect dialect, Duration deadline) {
    AdminDeadlines deadlines = AdminDeadlines.all(deadline);
    return new ReplicaAdmin(server.url(), dialect, deadlines, Optional.empty(), events);
  }

  private static UpdateWeightsRequest update(UpdateMode mode) {
    return UpdateWeightsRequest.of("/w/step_8", OptionalLong.of(8), mode);
  }
}
