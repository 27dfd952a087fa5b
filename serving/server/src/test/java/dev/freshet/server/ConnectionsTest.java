package dev.freshet.server;

import static dev.freshet.engine.Fixture.eventually;
import static dev.freshet.server.ServerFixture.completionRequest;
import static dev.freshet.server.ServerFixture.readChunked;
import static dev.freshet.server.ServerFixture.send;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.client.Call;
import dev.freshet.http.ListenException;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.CompletionRequest;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ConnectionsTest {
  private static final String ENDLESS =
      "{\"prompt\":\"a\",\"max_tokens\":90000,\"stream\":true,\"logprobs\":20}";

  @TempDir private Path dir;

  @Test
  void aDisconnectCancelsTheGenerationOfAnIdleStream() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      fixture.engine.hold();
      Call stays = fixture.start(CompletionRequest.text("a").maxTokens(3));
      Call cancelled = fixture.start(CompletionRequest.text("a").maxTokens(3));
      try (Socket socket = fixture.dataSocket()) {
        send(socket, completionRequest("{\"prompt\":\"a\",\"stream\":true}"));
        eventually(() -> fixture.engine.running() == 3);
      }
      eventually(() -> fixture.engine.running() == 2);
      cancelled.cancel();
      eventually(() -> fixture.engine.running() == 1);
      fixture.engine.release();

      assertThat(ServerFixture.await(stays).text()).isEqualTo("bcd");
    }
  }

  @Test
  void aClientThatSendsNothingMoreIsAnswered() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      for (boolean stream : new boolean[] {false, true}) {
        fixture.engine.hold();
        try (Socket socket = fixture.dataSocket()) {
          send(
              socket,
              completionRequest(
                  "{\"prompt\":\"a\",\"max_tokens\":3,\"stream\":%b}".formatted(stream)));
          socket.shutdownOutput();
          eventually(() -> fixture.engine.running() == 1);
          fixture.engine.release();
          String answer = ServerFixture.readAll(socket.getInputStream());
          assertThat(answer).startsWith("HTTP/1.1 200 OK").contains("\"finish_reason\":\"length\"");
          // Tokens that are made at once may share an event.
          assertThat(
                  Pattern.compile("\"text\":\"([a-z]*)\"")
                      .matcher(answer)
                      .results()
                      .map(found -> found.group(1))
                      .collect(Collectors.joining()))
              .isEqualTo("bcd");
        }
      }
    }
  }

  @Test
  void anUpdateOfAClientThatSendsNothingMoreIsApplied() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir);
        Socket socket = new Socket()) {
      CountDownLatch release = new CountDownLatch(1);
      fixture.engine.beforeUpdate = _ -> ServerFixture.awaitLatch(release);
      socket.connect(fixture.server.adminAddress());
      String body = "{\"weight_dir\":\"w\",\"step\":7}";
      send(
          socket,
          "POST /update_weights HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n%s"
              .formatted(body.length(), body));
      socket.shutdownOutput();
      eventually(() -> fixture.engine.updates() == 1);
      release.countDown();

      assertThat(ServerFixture.readAll(socket.getInputStream()))
          .startsWith("HTTP/1.1 200 OK")
          .contains("\"weight_version\":\"7\"");
    }
  }

  @Test
  void aReaderThatReadsNothingIsDisconnectedAndTheOthersContinue() throws Exception {
    ServerLimits tight = ServerFixture.limits().heldBytes(16 << 10).build();
    try (ServerFixture fixture = new ServerFixture(dir, tight, MonotonicClock.SYSTEM);
        Socket socket = new Socket()) {
      fixture.engine.hold();
      socket.setReceiveBufferSize(4 << 10);
      socket.connect(fixture.server.dataAddress());
      send(socket, completionRequest(ENDLESS));
      Call other = fixture.start(CompletionRequest.text("a").maxTokens(2000));
      eventually(() -> fixture.engine.running() == 2);
      for (int tokens = 20; tokens <= 2000; tokens += 20) {
        int reached = tokens;
        fixture.engine.allow(20);
        eventually(() -> other.tokens() >= reached || other.result().isDone());
      }

      assertThat(ServerFixture.await(other).policyVersions()).hasSize(2000);
      assertThat(fixture.engine.running()).isZero();
      assertThatThrownBy(() -> readChunked(socket)).isInstanceOf(IOException.class);
    }
  }

  @Test
  void aReaderThatFallsBehindWithinTheBoundGetsTheWholeAnswer() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir);
        Socket socket = new Socket()) {
      fixture.engine.hold();
      socket.setReceiveBufferSize(4 << 10);
      socket.connect(fixture.server.dataAddress());
      send(
          socket,
          completionRequest(
              "{\"prompt\":\"a\",\"max_tokens\":5000,\"stream\":true,\"return_token_ids\":true}",
              "connection: close"));
      eventually(() -> fixture.engine.running() == 1);
      fixture.engine.release();
      eventually(() -> fixture.engine.running() == 0);
      String answer = ServerFixture.readAll(socket.getInputStream());

      assertThat(answer).contains("\"end\":5000}").endsWith("data: [DONE]\n\n\r\n0\r\n\r\n");
    }
  }

  @Test
  void aStreamIsChunkedAndPipelinedRequestsAreAnsweredInOrder() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      String one = completionRequest("{\"prompt\":\"a\",\"max_tokens\":1,\"stream\":true}");
      String answer =
          fixture.exchange(
              one
                  + "GET /nowhere?x=1 HTTP/1.1\r\nhost: localhost\r\n\r\n"
                  + one.replace("content-length", "connection: close\r\ncontent-length"));

      assertThat(answer.split("HTTP/1.1 ", -1)).hasSize(4);
      assertThat(answer.indexOf("200 OK")).isLessThan(answer.indexOf("404 Not Found"));
      assertThat(answer)
          .contains("content-type: text/event-stream", "cache-control: no-cache")
          .contains("transfer-encoding: chunked", "no such route: /nowhere")
          .endsWith("data: [DONE]\n\n\r\n0\r\n\r\n");
    }
  }

  @Test
  void anHttp10ClientGetsItsStreamUnchunkedUntilTheConnectionCloses() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      String answer =
          fixture.exchange(
              completionRequest("{\"prompt\":\"a\",\"max_tokens\":1,\"stream\":true}")
                  .replace("HTTP/1.1", "HTTP/1.0"));

      assertThat(answer).doesNotContain("chunked").endsWith("}\n\ndata: [DONE]\n\n");
      assertThat(answer).contains("\r\n\r\ndata: {\"id\":\"cmpl-");
    }
  }

  @Test
  void aMalformedRequestIsAnsweredAndTheConnectionCloses() throws Exception {
    ServerLimits small = ServerFixture.limits().bodyBytes(100).build();
    try (ServerFixture fixture = new ServerFixture(dir, small, MonotonicClock.SYSTEM)) {
      assertThat(fixture.exchange("\0\1\2 nonsense\r\n\r\n")).startsWith("HTTP/1.1 400 ");
      assertThat(fixture.exchange("GET /" + "x".repeat(9000) + " HTTP/1.1\r\n\r\n"))
          .startsWith("HTTP/1.1 414 ");
      assertThat(fixture.exchange("GET / HTTP/1.1\r\na: " + "x".repeat(20_000) + "\r\n\r\n"))
          .startsWith("HTTP/1.1 431 ");
      assertThat(fixture.exchange(completionRequest("x".repeat(101))))
          .startsWith("HTTP/1.1 413 ")
          .contains("connection: close", "body: expected at most 100 bytes");
      assertThat(
              fixture.exchange(
                  "POST /v1/completions HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n65\r\n"
                      + "x".repeat(101)
                      + "\r\n0\r\n\r\n"))
          .startsWith("HTTP/1.1 413 ");
      assertThat(
              fixture.exchange(
                  "PUT /v1/models HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"))
          .startsWith("HTTP/1.1 405 ");
      assertThat(
              fixture.exchange(
                  completionRequest(
                      "{\"prompt\":\"a\"}", "expect: 100-continue", "connection: close")))
          .startsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK");
    }
  }

  @Test
  void anIdleConnectionIsClosedAndAnIncompleteRequestAnswered408() throws Exception {
    ServerLimits limits =
        ServerFixture.limits().idle(Duration.ofMillis(300)).request(Duration.ofMillis(200)).build();
    try (ServerFixture fixture = new ServerFixture(dir, limits, MonotonicClock.SYSTEM)) {
      assertThat(
              fixture.exchange(
                  "POST /v1/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{"))
          .startsWith("HTTP/1.1 408 ");
      assertThat(fixture.exchange("")).isEmpty();
    }
  }

  @Test
  void aPortInUseIsReportedInOneLine() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      int taken = fixture.server.dataAddress().getPort();

      assertThatThrownBy(
              () ->
                  EngineServer.start(
                      fixture.engine,
                      fixture.tokenizer,
                      new ServedModel("m", Set.of()),
                      fixture.events,
                      fixture.metrics,
                      ServerConfig.on("127.0.0.1", taken, 0)))
          .isInstanceOf(ListenException.class)
          .hasMessageContaining("data listener: cannot listen on 127.0.0.1:" + taken);
    }
  }

  @Test
  void closingEndsTheStreamsWithAnErrorAndRefusesNewRequests() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      fixture.engine.hold();
      Call call = fixture.start(CompletionRequest.text("a").maxTokens(100));
      eventually(() -> fixture.engine.running() == 1);
      fixture.engine.allow(2);
      eventually(() -> call.tokens() == 2);
      fixture.server.close();

      assertThatThrownBy(() -> ServerFixture.await(call))
          .hasMessageContaining("the server was shut down before the completion ended");
      assertThat(fixture.engine.running()).isZero();
      assertThatThrownBy(() -> ServerFixture.await(fixture.start(CompletionRequest.text("a"))))
          .hasMessageContaining("cannot connect");
    }
  }
}
