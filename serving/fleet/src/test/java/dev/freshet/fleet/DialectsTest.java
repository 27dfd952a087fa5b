package dev.freshet.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.freshet.client.AdminException;
import dev.freshet.client.AdminResult;
import dev.freshet.client.Conditions;
import dev.freshet.fleet.PeerServer.Fault;
import dev.freshet.fleet.PeerServer.Plan;
import dev.freshet.fleet.dialect.Dialects;
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
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The calls of an update of one server in each program's dialect. */
@Timeout(60)
class DialectsTest {
  private static final Duration LONG = Duration.ofSeconds(30);

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
  void vllmPausesLoadsTakesTheNameOfTheAttemptAndResumes(UpdateMode mode, String pause)
      throws Exception {
    try (PeerServer server = new PeerServer("vllm");
        OneServer client = client(server)) {
      AdminResult result = client.update(update(mode), TraceId.random(), LONG);

      assertThat(posts(server))
          .isEqualTo(
              Stream.of(
                      "/pause?" + pause,
                      "/collective_rpc"
                          + " {\"method\":\"reload_weights\",\"kwargs\":{\"weights_path\":\"/w/step_8\"}}",
                      mode == UpdateMode.KEEP || mode == UpdateMode.RECOMPUTE
                          ? "/reset_prefix_cache"
                          : "",
                      "/update_weight_version {\"new_version\":\"%s\"}".formatted(server.name),
                      "/resume")
                  .filter(path -> !path.isEmpty())
                  .toList());
      assertThat(server.name).matches("8@[0-9a-f]{16}");
      assertThat(server.requests).containsSubsequence("/weight_info", "/resume");
      assertThat(result.weightVersion()).isEqualTo("8");
      assertThat(client.servingVersion()).hasValue(8);
      assertThat(result.timings().phases().byWireName())
          .containsKeys("pause_ms", "load_ms", "version_ms", "resume_ms");
      double load = result.timings().ms(UpdatePart.LOAD).orElse(0);
      assertThat(result.timings().stallMs().getAsDouble())
          .isBetween(load, result.timings().wallMs());
      assertThat(result.timings().queueMs()).as("vLLM reports no rpc_ms").isEmpty();
      assertThat(log).hasSize(2);
      assertThat(log.getFirst()).contains("client.send", "/collective_rpc", "path=/w/step_8");
      assertThat(log.getLast()).contains("client.done wall_ms=").doesNotContain("rpc_ms");
    }
  }

  @Test
  void aVllmWithoutVersionRoutesIsUpdated() throws Exception {
    try (PeerServer server = new PeerServer("vllm");
        OneServer client = client(server)) {
      server.missing.addAll(List.of("/update_weight_version", "/weight_info", "/is_paused"));
      var _ = client.update(update(UpdateMode.KEEP), TraceId.random(), LONG);

      assertThat(server.serves("/w/step_8")).isTrue();
      assertThat(client.servingVersion()).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({"vllm, /collective_rpc", "sglang, /update_weights_from_disk"})
  void aServerWhoseLoadFailsStaysPausedAndIsRepairedByAGoodOne(String kind, String load)
      throws Exception {
    try (PeerServer server = new PeerServer(kind);
        OneServer client = client(server)) {
      server.arm(new Plan(load, Fault.FAILS, false));
      AdminException error = fails(client, UpdateMode.KEEP);

      assertThat(error)
          .hasMessageContaining("HTTP 500")
          .hasMessageContaining("stays paused")
          .hasMessageContaining("do not resume it; update it with a good checkpoint");
      assertThat(server.paused).isTrue();
      assertThat(log.getLast()).contains("client.done", "error=");

      var _ = client.update(update(UpdateMode.KEEP), TraceId.random(), LONG);
      assertThat(server.serves("/w/step_8")).isTrue();
      assertThat(server.violations).isEmpty();
    }
  }

  @Test
  void anSglangLoadWithSuccessFalseIsAFailure() throws Exception {
    try (PeerServer server = new PeerServer("sglang");
        OneServer client = client(server)) {
      server.arm(new Plan("/update_weights_from_disk", Fault.UNSUCCESSFUL, false));

      assertThat(fails(client, UpdateMode.KEEP)).hasMessageContaining("stays paused");
      assertThat(server.paused).isTrue();
    }
  }

  @Test
  void aServerWithoutTheLoadRouteIsResumed() throws Exception {
    try (PeerServer server = new PeerServer("vllm");
        OneServer client = client(server)) {
      server.missing.add("/collective_rpc");

      assertThat(fails(client, UpdateMode.KEEP))
          .hasMessageContaining("HTTP 404")
          .hasMessageNotContaining("stays paused");
      assertThat(server.serves("base")).isTrue();
    }
  }

  @Test
  void aVllmThatSleepsIsNotLoadedInto() throws Exception {
    try (PeerServer server = new PeerServer("vllm");
        OneServer client = client(server)) {
      server.asleep = true;
      assertThatThrownBy(() -> client.update(update(UpdateMode.KEEP), TraceId.random(), LONG))
          .hasMessageContaining("the server sleeps")
          .hasMessageContaining("POST /wake_up to it first");

      assertThat(server.calls).doesNotContain("/pause", "/collective_rpc");
      assertThat(server.serves("base")).isTrue();
      server.asleep = false;
      var _ = client.update(update(UpdateMode.KEEP), TraceId.random(), LONG);
      assertThat(server.serves("/w/step_8")).isTrue();
    }
  }

  @Test
  void keepBecomesRecomputeIfVllmCannotResetItsPrefixCacheBesideCompletions() throws Exception {
    try (PeerServer server = new PeerServer("vllm");
        OneServer client = client(server)) {
      server.busy = true;
      AdminResult result = client.update(update(UpdateMode.KEEP), TraceId.random(), LONG);

      assertThat(posts(server))
          .containsSubsequence(
              "/reset_prefix_cache", "/reset_prefix_cache?reset_running_requests=true", "/resume");
      assertThat(result.notes()).singleElement().asString().contains("recompute");
    }
  }

  @Test
  void aServerThatDoesNotAnswerThePauseIsResumed() throws Exception {
    try (PeerServer server = new PeerServer("vllm");
        OneServer client = client(server, HANG)) {
      server.arm(new Plan("/pause", Fault.STOPPED, true));
      Thread waker =
          Thread.ofPlatform()
              .daemon()
              .start(
                  () -> {
                    try {
                      Conditions.await("the resume", () -> server.requests.contains("/resume"));
                      server.continues();
                    } catch (InterruptedException e) {
                      Thread.currentThread().interrupt();
                    }
                  });
      assertThatThrownBy(() -> client.update(update(UpdateMode.DRAIN), TraceId.random(), HANG))
          .isInstanceOf(AdminException.class);
      waker.join(30_000);

      assertThat(posts(server)).containsExactly("/pause?mode=wait&clear_cache=true", "/resume");
    }
  }

  @Test
  void aLoadThatMayStillRunIsNotPostedAgain() throws Exception {
    try (PeerServer server = new PeerServer("vllm");
        OneServer client = client(server)) {
      server.arm(new Plan("/collective_rpc", Fault.CUT, false));
      assertThat(
              catchThrowableOfType(
                  AdminException.class,
                  () -> client.updateOnceReached(update(UpdateMode.KEEP), TraceId.random(), LONG)))
          .hasMessageContaining("stays paused");

      assertThat(server.requests).filteredOn(r -> r.contains("reload_weights")).hasSize(1);
    }
  }

  @ParameterizedTest
  @CsvSource({"KEEP, in_place, false", "RECOMPUTE, retract, true", "ABORT, abort, true"})
  void sglangPausesLoadsAndContinues(UpdateMode mode, String pause, boolean flush)
      throws Exception {
    try (PeerServer server = new PeerServer("sglang");
        OneServer client = client(server)) {
      var _ = client.update(update(mode), TraceId.random(), LONG);

      assertThat(posts(server))
          .containsExactly(
              "/pause_generation {\"mode\":\"%s\"}".formatted(pause),
              "/update_weights_from_disk {\"model_path\":\"/w/step_8\",\"weight_version\":\"%s\",\"flush_cache\":%b,\"abort_all_requests\":false,\"keep_pause\":true}"
                  .formatted(server.name, flush),
              "/continue_generation {}");
      assertThat(client.servingVersion()).hasValue(8);
    }
  }

  @ParameterizedTest
  @CsvSource({"KEEP, true", "RECOMPUTE, true", "ABORT, false"})
  void anOldSglangIsPausedWithoutAModeWhichIsTold(UpdateMode mode, boolean told) throws Exception {
    try (PeerServer server = new PeerServer("sglang");
        OneServer client = client(server)) {
      server.missing.add("/model_info");
      AdminResult result = client.update(update(mode), TraceId.random(), LONG);

      assertThat(server.requests).contains("/pause_generation");
      assertThat(server.serves("/w/step_8")).isTrue();
      assertThat(client.servingVersion()).hasValue(8);
      assertThat(result.notes())
          .isEqualTo(
              told
                  ? List.of(
                      "mode %s was carried out as abort: this version of SGLang has no other pause"
                          .formatted(mode.wireName()))
                  : List.of());
    }
  }

  @Test
  void sglangDrainsWithoutAPause() throws Exception {
    try (PeerServer server = new PeerServer("sglang");
        OneServer client = client(server)) {
      server.drains = true;
      AdminResult result = client.update(update(UpdateMode.DRAIN), TraceId.random(), LONG);

      assertThat(posts(server)).singleElement().asString().contains("\"keep_pause\":false");
      assertThat(result.timings().stallMs()).isEmpty();
    }
  }

  @Test
  void aPrimeRlServerIsUpdatedWithAndWithoutPauseRoutes() throws Exception {
    try (PeerServer server = new PeerServer("prime-rl");
        OneServer client = client(server)) {
      var _ = client.update(update(UpdateMode.KEEP), TraceId.random(), LONG);
      assertThat(posts(server))
          .containsExactly(
              "/pause?mode=keep&clear_cache=false",
              "/update_weights {\"weight_dir\":\"/w/step_8\"}",
              "/resume");
    }
    try (PeerServer server = new PeerServer("prime-rl");
        OneServer client = client(server)) {
      server.missing.addAll(List.of("/pause", "/resume"));
      server.drains = true;
      var _ = client.update(update(UpdateMode.KEEP), TraceId.random(), LONG);
      assertThat(server.serves("/w/step_8")).isTrue();
    }
  }

  @Test
  void anUnsupportedUpdateIsRejectedBeforeAnyCall() throws Exception {
    UpdateWeightsRequest prepare =
        new UpdateWeightsRequest(
            Optional.of("/w/step_8"),
            OptionalLong.of(8),
            UpdateMode.KEEP,
            UpdatePhase.PREPARE,
            VerifyLevel.FULL,
            false);
    assertThatThrownBy(() -> Dialects.VLLM.check(prepare))
        .isInstanceOf(WireException.class)
        .hasMessageContaining("phase: expected all for a vllm server");
    try (PeerServer server = new PeerServer("prime-rl");
        OneServer client = client(server)) {
      assertThatThrownBy(() -> client.update(update(UpdateMode.DRAIN), TraceId.random(), LONG))
          .isInstanceOf(WireException.class)
          .hasMessageContaining("mode: expected keep for a prime-rl server");
      assertThat(server.requests).isEmpty();
    }
  }

  @Test
  void aFreshetServerJoinsACallThatIsPostedAgainUnderItsTraceId() throws Exception {
    for (Fault fault : List.of(Fault.CUT, Fault.FAILS)) {
      try (PeerServer server = new PeerServer("freshet");
          OneServer client = client(server)) {
        var _ = client.update(phase(UpdatePhase.PREPARE), TraceId.random(), LONG);
        server.arm(new Plan("/update_weights#commit", fault, true));
        AdminResult result = client.update(phase(UpdatePhase.COMMIT), TraceId.random(), LONG);

        assertThat(result.weightVersion()).isEqualTo("8");
        assertThat(server.calls).filteredOn("/update_weights#commit"::equals).hasSize(2);
      }
    }
  }

  @Test
  void aServerThatStartsLateIsUpdated() throws Exception {
    for (String kind : List.of("vllm", "sglang", "prime-rl")) {
      PeerServer server = new PeerServer(kind);
      server.kill();
      try (server;
          OneServer client = client(server)) {
        Thread starter =
            Thread.ofPlatform()
                .daemon()
                .start(
                    () -> {
                      try {
                        Conditions.await("a refused try", () -> log.size() > 0 || refused(client));
                        server.start();
                      } catch (Exception e) {
                        throw new AssertionError(e);
                      }
                    });
        var _ = client.updateOnceReached(update(UpdateMode.KEEP), TraceId.random(), LONG);
        starter.join(30_000);
        assertThat(server.serves("/w/step_8")).isTrue();
      }
    }
  }

  private static boolean refused(OneServer client) {
    try {
      var _ = client.client().health();
      return false;
    } catch (AdminException e) {
      return true;
    }
  }

  private static UpdateWeightsRequest phase(UpdatePhase phase) {
    return new UpdateWeightsRequest(
        Optional.of("/w/step_8"),
        OptionalLong.of(8),
        UpdateMode.KEEP,
        phase,
        VerifyLevel.FULL,
        false);
  }

  private static AdminException fails(OneServer client, UpdateMode mode) {
    return catchThrowableOfType(
        AdminException.class, () -> client.update(update(mode), TraceId.random(), LONG));
  }

  private static List<String> posts(PeerServer server) {
    return server.requests.stream()
        .filter(r -> !r.equals("/weight_info") && !r.equals("/is_paused"))
        .filter(r -> !r.startsWith("/model_info") && !r.equals("/health"))
        .filter(r -> !r.equals("/is_sleeping"))
        .toList();
  }

  private OneServer client(PeerServer server) {
    return client(server, LONG);
  }

  private OneServer client(PeerServer server, Duration deadline) {
    return new OneServer(
        server.url(), Dialects.named(server.kind), deadline, Optional.empty(), events);
  }

  private static UpdateWeightsRequest update(UpdateMode mode) {
    return UpdateWeightsRequest.of("/w/step_8", OptionalLong.of(8), mode);
  }
}
