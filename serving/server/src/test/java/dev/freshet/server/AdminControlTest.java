package dev.freshet.server;

import static dev.freshet.engine.Fixture.eventually;
import static dev.freshet.server.ServerFixture.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.AdminException;
import dev.freshet.client.AdminResult;
import dev.freshet.client.Call;
import dev.freshet.engine.WeightOperation;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.UpdatePart;
import dev.freshet.wire.AdminToken;
import dev.freshet.wire.CompletionRequest;
import dev.freshet.wire.PauseMode;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdatePhase;
import dev.freshet.wire.UpdateWeightsRequest;
import dev.freshet.wire.VerifyLevel;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The admin routes except plain updates: phases, pauses, aborts and authorization. */
@Timeout(120)
class AdminControlTest {
  @TempDir private Path dir;

  @Test
  void everyPhaseReachesTheEngineUnderOneTraceId() throws Exception {
    TraceId trace = TraceId.random();
    try (ServerFixture fixture = new ServerFixture(dir);
        AdminClient admin = fixture.admin()) {
      admin.updateWeights(request(Optional.of("w"), UpdatePhase.PREPARE), trace);
      admin.updateWeights(request(Optional.empty(), UpdatePhase.COMMIT), trace);
      admin.updateWeights(request(Optional.empty(), UpdatePhase.COMMIT), trace);
      admin.updateWeights(request(Optional.empty(), UpdatePhase.ROLLBACK), trace);

      assertThat(fixture.engine.operations)
          .containsExactly(
              new WeightOperation.Prepare(Path.of("w"), OptionalLong.of(4), VerifyLevel.SIZE, true),
              new WeightOperation.Commit(
                  Optional.empty(), OptionalLong.of(4), UpdateMode.DRAIN, true),
              new WeightOperation.Rollback(OptionalLong.of(4), UpdateMode.DRAIN));
      assertThat(fixture.log.stream().filter(line -> line.contains("rpc.done")))
          .hasSize(3)
          .satisfiesExactly(
              line -> assertThat(line).endsWith("phase=prepare"),
              line -> assertThat(line).endsWith("phase=commit"),
              line -> assertThat(line).endsWith("phase=rollback"));
    }
  }

  private static UpdateWeightsRequest request(Optional<String> weightDir, UpdatePhase phase) {
    return new UpdateWeightsRequest(
        weightDir, OptionalLong.of(4), UpdateMode.DRAIN, phase, VerifyLevel.SIZE, true);
  }

  @Test
  void onOneHostThePartsOfTheQueueTimeAddUpToIt() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir);
        AdminClient admin = fixture.admin()) {
      AdminResult result =
          admin.updateWeights(
              UpdateWeightsRequest.of("w", OptionalLong.of(1), UpdateMode.KEEP), TraceId.random());

      double named =
          result.timings().ms(UpdatePart.CONNECT).orElseThrow()
              + result.timings().ms(UpdatePart.ACCEPT).orElseThrow()
              + result.timings().ms(UpdatePart.HANDLER).orElseThrow()
              + result.timings().ms(UpdatePart.ANSWER).orElseThrow();
      assertThat(named).isCloseTo(result.timings().queueMs().orElseThrow(), Offset.offset(0.01));
      assertThat(result.timings().ms(UpdatePart.ACCEPT).orElseThrow()).isNotNegative();
      assertThat(result.timings().stallMs()).hasValue(1.0);
    }
  }

  @Test
  void pauseAndResumeTakeTheParametersOfVllmAndAnswerLikeIt() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      assertThat(post(fixture, "/pause").body()).isEqualTo("{\"status\":\"paused\"}");
      assertThat(get(fixture, "/is_paused").body()).isEqualTo("{\"is_paused\":true}");
      post(fixture, "/pause?mode=keep&clear_cache=false");
      post(fixture, "/pause?wait_for_inflight_requests=true");
      assertThat(post(fixture, "/resume").body()).isEqualTo("{\"status\":\"resumed\"}");
      assertThat(get(fixture, "/is_paused").body()).isEqualTo("{\"is_paused\":false}");

      assertThat(fixture.engine.pauses).containsExactly("abort true", "keep false", "wait true");
      HttpResponse<String> mode = post(fixture, "/pause?mode=soon");
      assertThat(mode.statusCode()).isEqualTo(400);
      assertThat(mode.body()).contains("mode: expected one of abort, wait, keep, got 'soon'");
      assertThat(post(fixture, "/pause?clear_cache=perhaps").body())
          .contains("clear_cache: expected true or false, got 'perhaps'");
      assertThat(get(fixture, "/pause").statusCode()).isEqualTo(405);
    }
  }

  @Test
  void aPauseThatIsNotInForceBeforeItsDeadlineIsAnswered503() throws Exception {
    ServerLimits limits = ServerFixture.limits().update(Duration.ofMillis(50)).build();
    try (ServerFixture fixture = new ServerFixture(dir, limits, MonotonicClock.SYSTEM);
        AdminClient admin = fixture.admin()) {
      fixture.engine.pauseInForce = new CompletableFuture<>();

      assertThatExceptionOfType(AdminException.class)
          .isThrownBy(() -> admin.pause(PauseMode.WAIT, true))
          .withMessageContaining("HTTP 503")
          .withMessageContaining(
              "completions still run after 50 ms; no new ones begin until /resume")
          .satisfies(e -> assertThat(e.code()).isEqualTo("pause_timeout"));
      admin.resume();
    }
  }

  @Test
  void withATokenOnlyProbesNeedNone() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir, new AdminToken("s3cret"));
        AdminClient stranger = fixture.admin();
        AdminClient operator =
            new AdminClient(
                fixture.server.adminUrl(),
                AdminDeadlines.DEFAULT,
                fixture.events,
                Optional.of(new AdminToken("s3cret")));
        AdminClient onDataPort =
            new AdminClient(
                fixture.server.dataUrl(),
                AdminDeadlines.DEFAULT,
                fixture.events,
                Optional.of(new AdminToken("s3cre")))) {
      assertThat(stranger.health().healthy()).isTrue();
      assertThat(get(fixture, "/liveness").statusCode()).isEqualTo(200);
      assertThatExceptionOfType(AdminException.class)
          .isThrownBy(
              () ->
                  stranger.updateWeights(
                      UpdateWeightsRequest.of("w", OptionalLong.of(1), UpdateMode.KEEP),
                      TraceId.random()))
          .withMessageContaining("HTTP 401")
          .withMessageContaining("Authorization: Bearer");
      assertThatExceptionOfType(AdminException.class)
          .isThrownBy(() -> onDataPort.pause(PauseMode.KEEP, true))
          .withMessageContaining("HTTP 401");
      assertThat(json(post(fixture, "/reload_weights").body()).at("/error/code").asString())
          .isEqualTo("unauthorized");
      assertThat(fixture.engine.operations).isEmpty();

      assertThat(
              operator
                  .updateWeights(
                      UpdateWeightsRequest.of("w", OptionalLong.of(1), UpdateMode.KEEP),
                      TraceId.random())
                  .weightVersion())
          .isEqualTo("1");
      assertThat(fixture.log).noneMatch(line -> line.contains("s3cret"));
    }
  }

  @Test
  void completionsAreAbortedByIdOrAllTogetherAndKeepTheirTokens() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      fixture.engine.hold();
      Call named = fixture.start(CompletionRequest.text("a").maxTokens(50).requestId("mine"));
      Call other = fixture.start(CompletionRequest.text("a").maxTokens(50));
      Call third = fixture.start(CompletionRequest.text("a").maxTokens(50));
      eventually(() -> fixture.engine.running() == 3);
      fixture.engine.allow(2);
      eventually(() -> third.tokens() == 2 && named.tokens() == 2);

      assertThat(abort(fixture, "{\"request_ids\":[\"cmpl-mine\",\"nobody's\"]}"))
          .isEqualTo("{\"status\":\"aborted\",\"aborted\":1}");
      assertThat(ServerFixture.await(named).finishReason()).isEqualTo("abort");
      assertThat(ServerFixture.await(named).policyVersions()).hasSize(2);
      assertThat(other.result().isDone()).isFalse();
      assertThat(abort(fixture, "{}")).isEqualTo("{\"status\":\"aborted\",\"aborted\":2}");
      assertThat(ServerFixture.await(other).finishReason()).isEqualTo("abort");
      assertThat(ServerFixture.await(third).finishReason()).isEqualTo("abort");
      eventually(() -> fixture.engine.running() == 0);
      assertThat(abort(fixture, "")).isEqualTo("{\"status\":\"aborted\",\"aborted\":0}");
      assertThat(abort(fixture, "{\"ids\":[]}")).contains("unknown field 'ids'");
    }
  }

  @Test
  void theRequestIdInTheHeaderTakesPrecedenceOverTheBody() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      String answer =
          fixture
              .post(
                  fixture.server.dataUrl(),
                  "/v1/completions",
                  "{\"prompt\":\"a\",\"max_tokens\":1,\"request_id\":\"body\"}",
                  "x-request-id",
                  "header\"s")
              .body();

      assertThat(json(answer).get("id").asString()).isEqualTo("cmpl-header\"s");
    }
  }

  private static String abort(ServerFixture fixture, String body) throws Exception {
    return fixture.post(fixture.server.adminUrl(), "/abort_requests", body).body();
  }

  private static HttpResponse<String> post(ServerFixture fixture, String path) throws Exception {
    return fixture.post(fixture.server.adminUrl(), path, "");
  }

  private static HttpResponse<String> get(ServerFixture fixture, String path) throws Exception {
    return fixture.get(fixture.server.adminUrl(), path);
  }
}
