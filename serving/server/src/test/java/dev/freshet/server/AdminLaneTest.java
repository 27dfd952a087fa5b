package dev.freshet.server;

import static dev.freshet.engine.Fixture.eventually;
import static dev.freshet.server.ServerFixture.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminException;
import dev.freshet.client.AdminResult;
import dev.freshet.client.Call;
import dev.freshet.engine.EngineException;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.UpdatePart;
import dev.freshet.trace.waits.Wait;
import dev.freshet.trace.waits.Waits;
import dev.freshet.wire.CompletionRequest;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdateWeightsRequest;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class AdminLaneTest {
  @TempDir private Path dir;

  @Test
  void anUpdateCompletesWhileTwoHundredStreamsAreStalled() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir);
        AdminClient admin = fixture.admin()) {
      fixture.engine.hold();
      List<Call> calls = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        calls.add(fixture.start(CompletionRequest.text("a").maxTokens(20)));
      }
      eventually(() -> fixture.engine.running() == 200);
      fixture.engine.allow(1);
      eventually(() -> calls.stream().allMatch(call -> call.tokens() == 1));

      for (int step = 1; step <= 5; step++) {
        AdminResult result = admin.updateWeights(dir, step, UpdateMode.KEEP, TraceId.random());
        assertThat(result.weightVersion()).isEqualTo(Integer.toString(step));
        assertThat(admin.weightInfo().weightVersion()).isEqualTo(Integer.toString(step));
        assertThat(admin.health().healthy()).isTrue();
      }

      assertThat(calls).allMatch(call -> call.tokens() == 1 && !call.result().isDone());
      fixture.engine.release();
      for (Call call : calls) {
        assertThat(ServerFixture.await(call).policyVersions()).startsWith(0, 5).hasSize(20);
      }
    }
  }

  @Test
  void theFiveEventsOfAnUpdateHaveOneTraceId() throws Exception {
    TraceId trace = TraceId.random();
    try (ServerFixture fixture = new ServerFixture(dir);
        AdminClient admin = fixture.admin()) {
      AdminResult result =
          admin.updateWeights(
              UpdateWeightsRequest.of("w/step_3", OptionalLong.of(3), UpdateMode.KEEP), trace);

      List<String> lines = updateLines(fixture);
      assertThat(lines).allMatch(line -> line.startsWith("[weights][" + trace + "] "));
      assertThat(lines.stream().map(line -> line.split(" ")[1]))
          .containsExactly("client.send", "server.recv", "rpc.start", "rpc.done", "client.done");
      assertThat(lines.get(1)).contains("server.recv path=/update_weights t=");
      assertThat(lines.get(2)).contains("rpc.start op=update_weights t=");
      assertThat(lines.subList(0, 4).stream().map(AdminLaneTest::seconds)).isSorted();
      double wall = result.timings().wallMs();
      double rpc = result.timings().rpcMs().orElseThrow();
      assertThat(wall)
          .isGreaterThanOrEqualTo(rpc + result.timings().ms(UpdatePart.HANDLER).orElseThrow());
      assertThat(result.timings().queueMs()).hasValue(wall - rpc);
      assertThat(result.timings().phases().byWireName())
          .containsEntry("prepare_ms", 3.0)
          .containsEntry("wait_step_ms", 2.0)
          .containsEntry("pause_ms", 1.0)
          .containsEntry("swap_ms", 1.0);
    }
  }

  @Test
  void theFirstByteIsStampedBeforeTheRestOfTheRequestArrives() throws Exception {
    AtomicLong now = new AtomicLong(1_000_000_000L);
    AtomicLong readings = new AtomicLong();
    MonotonicClock clock =
        () -> {
          readings.incrementAndGet();
          return now.get();
        };
    try (ServerFixture fixture = new ServerFixture(dir, ServerLimits.DEFAULT, clock);
        Socket socket = new Socket()) {
      socket.connect(fixture.server.adminAddress());
      String body = "{\"weight_dir\":\"w\",\"step\":1}";
      long before = readings.get();
      socket.getOutputStream().write('P');
      eventually(() -> readings.get() > before);
      now.set(3_500_000_000L);
      socket
          .getOutputStream()
          .write(
              "OST /update_weights HTTP/1.1\r\nhost: localhost\r\nx-trace-id: 00000000000000ab\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s"
                  .formatted(body.length(), body)
                  .getBytes(StandardCharsets.US_ASCII));
      String answer = ServerFixture.readAll(socket.getInputStream());

      assertThat(answer)
          .contains("\"handler_ms\":2500.0", "\"rpc_ms\":0.0", "\"trace_id\":\"00000000000000ab\"");
      assertThat(updateLines(fixture))
          .containsExactly(
              "[weights][00000000000000ab] server.recv path=/update_weights t=1.000000",
              "[weights][00000000000000ab] rpc.start op=update_weights t=3.500000 phase=all",
              "[weights][00000000000000ab] rpc.done op=update_weights t=3.500000 rpc_ms=0.0 phase=all");
    }
  }

  @Test
  void aRepeatedPostJoinsTheRunningUpdate() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    try (ServerFixture fixture = new ServerFixture(dir)) {
      fixture.engine.beforeUpdate = _ -> ServerFixture.awaitLatch(release);
      String body = "{\"weight_dir\":\"w\",\"step\":2,\"mode\":\"keep\",\"phase\":\"all\"}";
      List<FutureTask<HttpResponse<String>>> posts = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        FutureTask<HttpResponse<String>> post =
            new FutureTask<>(() -> update(fixture, body, "00000000000000aa"));
        posts.add(post);
        Thread.startVirtualThread(post);
      }
      eventually(
          () -> fixture.log.stream().filter(line -> line.contains("server.recv")).count() == 3);
      HttpResponse<String> other = update(fixture, body.replace("2", "3"), "00000000000000aa");
      release.countDown();

      String first = posts.getFirst().get(60, TimeUnit.SECONDS).body();
      for (FutureTask<HttpResponse<String>> post : posts) {
        assertThat(post.get(60, TimeUnit.SECONDS).body()).isEqualTo(first);
      }
      assertThat(update(fixture, body, "00000000000000aa").body()).isEqualTo(first);
      assertThat(fixture.engine.updates()).isEqualTo(1);
      assertThat(fixture.log.stream().filter(line -> line.contains("rpc.start"))).hasSize(1);
      assertThat(other.statusCode()).isEqualTo(409);
    }
  }

  @Test
  void aFailedUpdateIsAnsweredByItsKindAndMayBeRepeatedUnderItsId() throws Exception {
    TraceId trace = TraceId.random();
    try (ServerFixture fixture = new ServerFixture(dir);
        AdminClient admin = fixture.admin()) {
      fixture.engine.beforeUpdate =
          operation -> {
            throw new EngineException(EngineException.Kind.CONFLICT, "w: no STABLE");
          };
      AdminException conflict =
          failure(
              () ->
                  admin.updateWeights(
                      UpdateWeightsRequest.of("w", OptionalLong.of(1), UpdateMode.KEEP), trace));
      fixture.engine.beforeUpdate =
          operation -> {
            throw new IllegalStateException("bug");
          };
      AdminException bug =
          failure(
              () ->
                  admin.updateWeights(
                      UpdateWeightsRequest.of("w", OptionalLong.of(1), UpdateMode.KEEP), trace));
      fixture.engine.beforeUpdate = operation -> {};

      assertThat(conflict.status()).isEqualTo(409);
      assertThat(conflict).hasMessageContaining("w: no STABLE");
      assertThat(bug.status()).isEqualTo(500);
      assertThat(fixture.log)
          .anyMatch(
              line ->
                  line.contains("rpc.done op=update_weights") && line.endsWith("error=conflict"))
          .anyMatch(line -> line.contains("client.done") && line.endsWith("error=conflict"));
      assertThat(
              admin
                  .updateWeights(
                      UpdateWeightsRequest.of("w", OptionalLong.of(1), UpdateMode.KEEP), trace)
                  .weightVersion())
          .isEqualTo("1");
    }
  }

  @Test
  void anInvalidAdminRequestIsAnsweredWithItsFault() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      assertError(
          update(fixture, "{\"weight_dir\":\"w\",\"mode\":\"fast\"}", "x"),
          400,
          "mode: expected one of keep, recompute, drain, abort, got 'fast'");
      assertError(
          update(fixture, "{\"weight_dir\":\"w\",\"phase\":\"some\"}", "x"),
          400,
          "phase: expected one of all, prepare, commit, rollback, got 'some'");
      assertError(
          update(fixture, "{\"weight_dir\":\"w\",\"phase\":\"rollback\"}", "x"),
          400,
          "weight_dir: expected none with phase rollback");
      assertError(
          update(fixture, "{\"weight_dir\":\"w\",\"verify\":\"none\"}", "x"),
          400,
          "verify: expected one of full, size, got 'none'");
      assertError(update(fixture, "{}", "x"), 400, "weight_dir: expected a directory");
      assertError(update(fixture, "{\"weight_dir\":3}", "x"), 400, "weight_dir: expected a string");
      assertError(
          update(fixture, "{\"weight_dir\":\"w\",\"step\":-1}", "x"), 400, "step: expected");
      assertError(update(fixture, "{\"weight_dir\":\"w\",\"stp\":1}", "x"), 400, "'stp'");
      assertError(update(fixture, "", "x"), 400, "expected an object");
      assertError(fixture.get(fixture.server.adminUrl(), "/update_weights"), 405, "expected POST");
      assertError(fixture.get(fixture.server.adminUrl(), "/v1/completions"), 404, "no such route");
      assertThat(fixture.engine.updates()).isZero();
    }
  }

  @Test
  void anInvalidTraceIdIsReplaced() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      HttpResponse<String> answer =
          fixture.post(
              fixture.server.adminUrl(), "/reload_weights", "{}", "x-trace-id", "NOT-A-TRACE-ID!!");
      String trace = json(answer.body()).get("trace_id").asString();

      assertThat(TraceId.isValid(trace)).isTrue();
      assertThat(updateLines(fixture))
          .hasSize(3)
          .allMatch(line -> line.contains("[" + trace + "]"));
    }
  }

  @Test
  void aRunningUpdateDelaysNeitherHealthNorStreams() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    try (ServerFixture fixture = new ServerFixture(dir);
        AdminClient admin = fixture.admin();
        AdminClient prober = fixture.admin()) {
      fixture.engine.beforeUpdate = _ -> ServerFixture.awaitLatch(release);
      FutureTask<AdminResult> update =
          new FutureTask<>(
              () ->
                  admin.updateWeights(
                      UpdateWeightsRequest.of("w", OptionalLong.of(1), UpdateMode.KEEP),
                      TraceId.random()));
      Thread.startVirtualThread(update);
      eventually(() -> fixture.engine.updates() == 1);

      assertThat(prober.health().healthy()).isTrue();
      assertThat(prober.weightInfo().weightVersion()).isEqualTo("0");
      assertThat(ServerFixture.await(fixture.start(CompletionRequest.text("a"))).policyVersions())
          .containsOnly(0);
      FutureTask<AdminResult> second =
          new FutureTask<>(
              () ->
                  prober.updateWeights(
                      UpdateWeightsRequest.of("w", OptionalLong.of(2), UpdateMode.KEEP),
                      new TraceId("00000000000000bb")));
      Thread.startVirtualThread(second);
      eventually(() -> waits().contains("its turn for update_weights of 00000000000000bb"));
      assertThat(waits()).contains("the answer to POST /update_weights");
      assertThat(update.isDone()).isFalse();
      release.countDown();
      assertThat(update.get(60, TimeUnit.SECONDS).weightVersion()).isEqualTo("1");
      assertThat(second.get(60, TimeUnit.SECONDS).weightVersion()).isEqualTo("2");
      assertThat(waits())
          .doesNotContain(
              "its turn for update_weights of 00000000000000bb",
              "the answer to POST /update_weights");
    }
  }

  private static List<String> waits() {
    return Waits.open().stream().map(Wait::what).toList();
  }

  private static void assertError(HttpResponse<String> answer, int status, String message) {
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(json(answer.body()).get("error").get("message").asString()).contains(message);
  }

  private static HttpResponse<String> update(ServerFixture fixture, String body, String trace)
      throws Exception {
    return fixture.post(fixture.server.adminUrl(), "/update_weights", body, "x-trace-id", trace);
  }

  /** The server also logs what its engine did with its time. */
  private static List<String> updateLines(ServerFixture fixture) {
    return fixture.log.stream().filter(line -> line.startsWith("[weights]")).toList();
  }

  private static double seconds(String line) {
    return Double.parseDouble(line.replaceAll(".* t=([0-9.]+).*", "$1"));
  }

  private static AdminException failure(Runnable call) {
    return catchThrowableOfType(AdminException.class, call::run);
  }
}
