package dev.freshet.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.UpdatePart;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdateWeightsRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class AdminClientTest {
  private static final String OK =
      """
      {"status":"ok","rpc_ms":1.25,"handler_ms":0.5,"weight_version":"7","trace_id":"x","new":[1],\
      "phases":{"prepare_ms":1.0,"pause_ms":0.2,"swap_ms":0.05}}""";

  private final List<String> log = new CopyOnWriteArrayList<>();
  private final EventLog events = new EventLog(log::add, MonotonicClock.SYSTEM);
  private final TraceId trace = TraceId.random();

  @Test
  void anUpdateIsTimedFromSendToDoneUnderItsTraceId() throws Exception {
    try (ScriptedServer server = answering("200 OK", OK);
        AdminClient client = client(server)) {
      AdminResult result = client.updateWeights(Path.of("/w/step_7"), 7, UpdateMode.KEEP, trace);

      assertThat(result.weightVersion()).isEqualTo("7");
      assertThat(result.timings().rpcMs()).hasValue(1.25);
      assertThat(result.timings().ms(UpdatePart.HANDLER)).hasValue(0.5);
      assertThat(result.timings().phases().byWireName()).containsEntry("swap_ms", 0.05).hasSize(3);
      assertThat(result.timings().ms(UpdatePart.CONNECT).orElseThrow())
          .isBetween(0.0, result.timings().wallMs());
      assertThat(result.timings().queueMs().getAsDouble())
          .isEqualTo(result.timings().wallMs() - 1.25);
      assertThat(server.requests().getFirst())
          .startsWith("POST /update_weights HTTP/1.1")
          .contains("x-trace-id: " + trace, "connection: close")
          .endsWith("{\"weight_dir\":\"/w/step_7\",\"step\":7,\"mode\":\"keep\"}");
      assertThat(log).hasSize(2);
      assertThat(log.getFirst())
          .startsWith(
              "[weights][%s] client.send url=%s/update_weights path=/w/step_7 t="
                  .formatted(trace, server.url()));
      assertThat(log.getLast()).startsWith("[weights][%s] client.done wall_ms=".formatted(trace));
    }
  }

  @Test
  void everyCallUsesAFreshConnectionAndOneAtATime() throws Exception {
    AtomicInteger serving = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    try (ScriptedServer server =
            new ScriptedServer(
                c -> {
                  c.readRequest();
                  most.accumulateAndGet(serving.incrementAndGet(), Math::max);
                  Thread.sleep(2);
                  serving.decrementAndGet();
                  c.json("200 OK", OK);
                  c.awaitEnd();
                });
        AdminClient client = client(server)) {
      List<Thread> callers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        callers.add(
            Thread.ofPlatform().daemon().start(() -> client.reloadWeights(TraceId.random())));
      }
      for (Thread caller : callers) {
        caller.join();
      }
      assertThat(client.weightInfo().weightVersion()).isEqualTo("7");
      assertThat(client.health()).isEqualTo(new ServerHealth(true, 200));
      assertThat(server.connections()).isEqualTo(10);
      assertThat(most.get()).isEqualTo(1);
    }
  }

  @Test
  void aCallThatIsNotAnsweredEndsAtItsDeadlineAndMayHaveBeenHandled() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(
                c -> {
                  c.readRequest();
                  c.awaitEnd();
                });
        AdminClient client = client(server.url(), Duration.ofSeconds(3))) {
      AdminException error = failure(() -> client.reloadWeights(trace));

      assertThat(error.code()).isEqualTo("read_timeout");
      assertThat(error.neverHandled()).isFalse();
      assertThat(error.status()).isZero();
      assertThat(error)
          .hasMessageMatching(
              "POST %s/reload_weights: no answer within (3000|2\\d{3}) ms".formatted(server.url()));
      assertThat(log.getLast()).contains("client.done").endsWith("error=read_timeout");
    }
  }

  @Test
  void aCallWhoseConnectionIsRefusedWasNeverHandled() throws Exception {
    try (AdminClient client = client(Conditions.refusedUrl(), Duration.ofSeconds(30))) {
      AdminException error = failure(() -> client.reloadWeights(trace));

      assertThat(error.code()).isEqualTo("unreachable");
      assertThat(error.neverHandled()).isTrue();
      assertThat(error.toString().lines()).hasSize(1);
    }
  }

  @Test
  void aCallToAnUnknownHostWasNeverHandled() {
    try (AdminClient client =
        client(URI.create("http://no-such-host.invalid:1"), Duration.ofSeconds(30))) {
      AdminException error = failure(() -> client.reloadWeights(trace));

      assertThat(error.code()).isEqualTo("unreachable");
      assertThat(error.neverHandled()).isTrue();
    }
  }

  @Test
  void aCallToAServerWhoseBacklogIsFullEndsAtTheConnectDeadline() throws Exception {
    List<Socket> crowd = new ArrayList<>();
    try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        AdminClient client =
            client(URI.create("http://127.0.0.1:" + full.getLocalPort()), Duration.ofMillis(200))) {
      try {
        while (crowd.size() < 16) {
          Socket socket = new Socket();
          crowd.add(socket);
          socket.connect(full.getLocalSocketAddress(), 100);
        }
      } catch (IOException e) {
        // The backlog is full.
      }
      AdminException error = failure(() -> client.reloadWeights(trace));

      assertThat(error.code()).isEqualTo("connect_timeout");
      assertThat(error.neverHandled()).isTrue();
    } finally {
      for (Socket socket : crowd) {
        socket.close();
      }
    }
  }

  @Test
  void aCallWhoseAnswerBreaksOffMayHaveBeenHandled() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(
                c -> {
                  c.readRequest();
                  c.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"status\":");
                });
        AdminClient client = client(server)) {
      AdminException error = failure(() -> client.reloadWeights(trace));

      assertThat(error.code()).isEqualTo("closed");
      assertThat(error.neverHandled()).isFalse();
    }
  }

  @Test
  void anErrorAnswerHasStatusTypeAndCode() throws Exception {
    try (ScriptedServer server =
            answering(
                "409 Conflict",
                "{\"error\":{\"message\":\"no STABLE\",\"type\":\"conflict_error\",\"code\":\"conflict\"}}");
        AdminClient client = client(server)) {
      AdminException error =
          failure(
              () ->
                  client.updateWeights(
                      UpdateWeightsRequest.of("/w", OptionalLong.of(1), UpdateMode.KEEP), trace));

      assertThat(error.status()).isEqualTo(409);
      assertThat(error.type()).isEqualTo("conflict_error");
      assertThat(error.code()).isEqualTo("conflict");
      assertThat(error.neverHandled()).isFalse();
      assertThat(error).hasMessageEndingWith("/update_weights: HTTP 409: no STABLE");
      assertThat(client.health()).isEqualTo(new ServerHealth(false, 409));
    }
  }

  @Test
  void anAnswerWithoutStatusOkIsAnError() throws Exception {
    for (String answer : List.of("{\"status\":\"half\"}", "{\"status\":\"ok\"}", "", "nonsense")) {
      try (ScriptedServer server = answering("200 OK", answer);
          AdminClient client = client(server)) {
        assertThat(failure(() -> client.reloadWeights(trace)).code()).isEqualTo("bad_answer");
      }
    }
  }

  @Test
  void aCallThatWaitsTooLongForTheLaneWasNeverHandled() throws Exception {
    CountDownLatch arrived = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    try (ScriptedServer server =
            new ScriptedServer(
                c -> {
                  c.readRequest();
                  arrived.countDown();
                  release.await();
                  c.json("200 OK", OK);
                });
        AdminClient client =
            new AdminClient(
                server.url(),
                new AdminDeadlines(
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(30),
                    Duration.ofMillis(50)),
                events)) {
      FutureTask<AdminResult> first = new FutureTask<>(() -> client.reloadWeights(trace));
      Thread.ofPlatform().daemon().start(first);
      arrived.await();
      AdminException error = failure(client::health);
      release.countDown();

      assertThat(error.code()).isEqualTo("busy");
      assertThat(error.neverHandled()).isTrue();
      assertThat(first.get(30, TimeUnit.SECONDS).weightVersion()).isEqualTo("7");
    }
  }

  @Test
  void anInterruptAndACloseEndACall() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(
                c -> {
                  c.readRequest();
                  c.awaitEnd();
                });
        AdminClient client = client(server)) {
      FutureTask<AdminException> interrupted =
          new FutureTask<>(() -> failure(() -> client.reloadWeights(trace)));
      Thread caller = Thread.ofPlatform().daemon().start(interrupted);
      awaitRequests(server, 1);
      caller.interrupt();
      assertThat(interrupted.get(30, TimeUnit.SECONDS).code()).isEqualTo("interrupted");

      FutureTask<AdminException> closed =
          new FutureTask<>(() -> failure(() -> client.reloadWeights(trace)));
      Thread.ofPlatform().daemon().start(closed);
      awaitRequests(server, 2);
      client.close();
      assertThat(closed.get(30, TimeUnit.SECONDS).neverHandled()).isFalse();

      AdminException late = failure(() -> client.reloadWeights(trace));
      assertThat(late.neverHandled()).isTrue();
    }
  }

  private static void awaitRequests(ScriptedServer server, int count) throws Exception {
    Conditions.await(count + " requests", () -> server.requests().size() >= count);
  }

  private static ScriptedServer answering(String status, String body) throws IOException {
    return new ScriptedServer(
        c -> {
          c.readRequest();
          c.json(status, body);
          c.awaitEnd();
        });
  }

  private AdminClient client(ScriptedServer server) {
    return client(server.url(), Duration.ofSeconds(30));
  }

  private AdminClient client(URI url, Duration each) {
    return new AdminClient(url, AdminDeadlines.all(each), events);
  }

  private static AdminException failure(Runnable call) {
    return catchThrowableOfType(AdminException.class, call::run);
  }
}
