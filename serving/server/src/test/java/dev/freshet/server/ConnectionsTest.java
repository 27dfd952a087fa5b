package dev.freshet.server;

import static dev.freshet.server.FrontFixture.completionRequest;
import static dev.freshet.server.FrontFixture.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.client.Call;
import dev.freshet.http.FrontException;
import dev.freshet.http.FrontLimits;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.CompletionRequest;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ConnectionsTest {
  private static final String ENDLESS =
      "{\"prompt\":\"a\",\"max_tokens\":90000,\"stream\":true,\"logprobs\":20}";

  @TempDir private Path dir;

  @Test
  void aClientThatLeavesCancelsItsGenerationWhileTheStreamIsIdle() throws Exception {
    try (FrontFixture fixture = new FrontFixture(dir)) {
      fixture.engine.hold();
      Call stays = fixture.start(CompletionRequest.text("a").maxTokens(3));
      Call cancelled = fixture.start(CompletionRequest.text("a").maxTokens(3));
      try (Socket socket = fixture.dataSocket()) {
        send(socket, completionRequest("{\"prompt\":\"a\"}"));
        eventually(() -> fixture.engine.running() == 3);
      }
      eventually(() -> fixture.engine.running() == 2);
      cancelled.cancel();
      eventually(() -> fixture.engine.running() == 1);
      fixture.engine.go();

      assertThat(FrontFixture.await(stays).text()).isEqualTo("bcd");
    }
  }

  @Test
  void aReaderThatTakesNothingIsDroppedAndTheOthersStreamOn() throws Exception {
    FrontLimits tight = FrontFixture.limits().heldBytes(16 << 10).build();
    try (FrontFixture fixture = new FrontFixture(dir, tight, MonotonicClock.SYSTEM);
        Socket socket = new Socket()) {
      fixture.engine.hold();
      socket.setReceiveBufferSize(4 << 10);
      socket.connect(fixture.front.dataAddress());
      send(socket, completionRequest(ENDLESS));
      Call other = fixture.start(CompletionRequest.text("a").maxTokens(2000));
      eventually(() -> fixture.engine.running() == 2);
      for (int tokens = 20; tokens <= 2000; tokens += 20) {
        int reached = tokens;
        fixture.engine.allow(20);
        eventually(() -> other.tokens() >= reached || other.result().isDone());
      }

      assertThat(FrontFixture.await(other).policyVersions()).hasSize(2000);
      assertThat(fixture.engine.running()).isZero();
      assertThatThrownBy(() -> readToTheEnd(socket)).isInstanceOf(IOException.class);
    }
  }

  @Test
  void aReaderThatFallsBehindWithinTheBoundGetsEverything() throws Exception {
    try (FrontFixture fixture = new FrontFixture(dir);
        Socket socket = new Socket()) {
      fixture.engine.hold();
      socket.setReceiveBufferSize(4 << 10);
      socket.connect(fixture.front.dataAddress());
      send(
          socket,
          completionRequest(
              "{\"prompt\":\"a\",\"max_tokens\":5000,\"stream\":true,\"return_token_ids\":true}",
              "connection: close"));
      eventually(() -> fixture.engine.running() == 1);
      fixture.engine.go();
      eventually(() -> fixture.engine.running() == 0);
      String answer = FrontFixture.readAll(socket.getInputStream());

      assertThat(answer).contains("\"end\":5000}").endsWith("data: [DONE]\n\n\r\n0\r\n\r\n");
    }
  }

  @Test
  void aStreamIsChunkedAndTheConnectionServesOnInOrder() throws Exception {
    try (FrontFixture fixture = new FrontFixture(dir)) {
      String one = completionRequest("{\"prompt\":\"a\",\"max_tokens\":1,\"stream\":true}");
      String answer =
          fixture.exchange(
              one
                  + "GET /nowhere?x=1 HTTP/1.1\r\n\r\n"
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
  void anOldClientGetsItsStreamUnchunkedUntilTheConnectionCloses() throws Exception {
    try (FrontFixture fixture = new FrontFixture(dir)) {
      String answer =
          fixture.exchange(
              completionRequest("{\"prompt\":\"a\",\"max_tokens\":1,\"stream\":true}")
                  .replace("HTTP/1.1", "HTTP/1.0"));

      assertThat(answer).doesNotContain("chunked").endsWith("}\n\ndata: [DONE]\n\n");
      assertThat(answer).contains("\r\n\r\ndata: {\"id\":\"cmpl-");
    }
  }

  @Test
  void whatIsNotHttpIsAnsweredAndTheConnectionCloses() throws Exception {
    FrontLimits small = FrontFixture.limits().bodyBytes(100).idle(Duration.ofMillis(300)).build();
    try (FrontFixture fixture = new FrontFixture(dir, small, MonotonicClock.SYSTEM)) {
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
                  "POST /v1/completions HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n65\r\n"
                      + "x".repeat(101)
                      + "\r\n0\r\n\r\n"))
          .startsWith("HTTP/1.1 413 ");
      assertThat(fixture.exchange("POST /v1/completions HTTP/1.1\r\ncontent-length: 9\r\n\r\n{"))
          .startsWith("HTTP/1.1 408 ");
      assertThat(fixture.exchange("PUT /v1/models HTTP/1.1\r\nconnection: close\r\n\r\n"))
          .startsWith("HTTP/1.1 405 ");
      assertThat(
              fixture.exchange(
                  completionRequest(
                      "{\"prompt\":\"a\"}", "expect: 100-continue", "connection: close")))
          .startsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK");
      assertThat(fixture.exchange("")).isEmpty();
    }
  }

  @Test
  void aPortInUseIsSaidInOneLine() throws Exception {
    try (FrontFixture fixture = new FrontFixture(dir)) {
      int taken = fixture.front.dataAddress().getPort();

      assertThatThrownBy(
              () ->
                  Front.start(
                      fixture.engine,
                      fixture.tokenizer,
                      new ServedModel("m", Set.of()),
                      fixture.events,
                      fixture.metrics,
                      FrontConfig.on("127.0.0.1", taken, 0)))
          .isInstanceOf(FrontException.class)
          .hasMessageContaining("data listener: cannot listen on 127.0.0.1:" + taken);
    }
  }

  @Test
  void closingEndsTheStreamsWithWhatThereIsAndTakesNoMore() throws Exception {
    try (FrontFixture fixture = new FrontFixture(dir)) {
      fixture.engine.hold();
      Call call = fixture.start(CompletionRequest.text("a").maxTokens(100));
      eventually(() -> fixture.engine.running() == 1);
      fixture.engine.allow(2);
      eventually(() -> call.tokens() == 2);
      fixture.front.close();

      assertThat(FrontFixture.await(call).finishReason()).isEqualTo("abort");
      assertThat(FrontFixture.await(call).text()).isEqualTo("bc");
      assertThat(fixture.engine.running()).isZero();
      assertThatThrownBy(() -> FrontFixture.await(fixture.start(CompletionRequest.text("a"))))
          .hasMessageContaining("cannot connect");
    }
  }

  private static void send(Socket socket, String bytes) throws IOException {
    socket.getOutputStream().write(bytes.getBytes(StandardCharsets.UTF_8));
  }

  private static void readToTheEnd(Socket socket) throws IOException {
    String answer = FrontFixture.readAll(socket.getInputStream());
    if (!answer.endsWith("0\r\n\r\n")) {
      throw new IOException("cut off");
    }
  }
}
