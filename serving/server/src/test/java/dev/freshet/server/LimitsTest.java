package dev.freshet.server;

import static dev.freshet.engine.Fixture.eventually;
import static dev.freshet.server.ServerFixture.completionRequest;
import static dev.freshet.server.ServerFixture.limits;
import static dev.freshet.server.ServerFixture.readChunked;
import static dev.freshet.server.ServerFixture.send;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.client.Call;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.CompletionRequest;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The server's limits, and that clients within them are not affected. */
@Timeout(120)
class LimitsTest {
  private static final String HEALTH = "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";
  private static final String MODELS =
      "GET /v1/models HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

  @TempDir private Path dir;

  @Test
  void whenAllStreamsHoldTooMuchTheOneThatHoldsMostIsDisconnected() throws Exception {
    try (ServerFixture fixture = fixture(limits().allHeldBytes(256 << 10).build());
        Socket most = new Socket();
        Socket less = new Socket()) {
      fixture.engine.hold();
      Call other = fixture.start(CompletionRequest.text("a").maxTokens(3000));
      slowReader(fixture, less, "{\"prompt\":\"a\",\"max_tokens\":3000,\"stream\":true}");
      slowReader(
          fixture, most, "{\"prompt\":\"a\",\"max_tokens\":3000,\"stream\":true,\"logprobs\":20}");
      eventually(() -> fixture.engine.running() == 3);
      while (fixture.engine.running() == 3 && other.tokens() < 2900) {
        step(fixture, other, other.tokens() + 20);
      }

      assertThat(fixture.engine.running()).isEqualTo(2);
      assertThatThrownBy(() -> readChunked(most)).isInstanceOf(IOException.class);
      fixture.engine.release();
      assertThat(readChunked(less)).contains("\"end\":3000}");
      assertThat(ServerFixture.await(other).policyVersions()).hasSize(3000);
    }
  }

  @Test
  void aDataConnectionAboveTheLimitIsAnswered503AndTheStreamsContinue() throws Exception {
    try (ServerFixture fixture = fixture(limits().connections(3).build());
        Socket third = fixture.dataSocket()) {
      fixture.engine.hold();
      List<Call> calls = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        calls.add(fixture.start(CompletionRequest.text("a").maxTokens(50)));
      }
      eventually(() -> fixture.engine.running() == 2);

      for (int i = 0; i < 200; i++) {
        fixture.engine.allow(i % 8 == 0 ? 1 : 0);
        String answer = exchangeIfAnswered(fixture);
        assertThat(answer).matches("(?s)|HTTP/1.1 503 .*retry-after.*too_many_connections.*");
      }
      assertThat(fixture.exchange(completionRequest("{\"prompt\":\"a\"}")))
          .matches("(?s)|HTTP/1.1 503 .*");
      for (int i = 0; i < 70; i++) {
        try (Socket probe = fixture.dataSocket()) {
          assertThat(ask(probe)).isEqualTo("HTTP/1.1 200 OK");
          assertThat(probe.getInputStream().read()).isEqualTo(-1);
        }
      }
      List<Socket> silent = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        silent.add(fixture.dataSocket());
      }
      try (Socket probe = fixture.dataSocket()) {
        assertThat(ask(probe)).isEqualTo("HTTP/1.1 200 OK");
      }
      for (Socket socket : silent) {
        socket.close();
      }
      assertThat(fixture.get(fixture.server.adminUrl(), "/health").statusCode()).isEqualTo(200);
      third.close();
      fixture.engine.release();
      eventually(() -> exchangeIfAnswered(fixture).startsWith("HTTP/1.1 200"));
      for (Call call : calls) {
        assertThat(ServerFixture.await(call).policyVersions()).hasSize(50);
      }
    }
  }

  @Test
  void anAdminConnectionAboveTheLimitClosesTheOneIdleLongest() throws Exception {
    try (ServerFixture fixture = fixture(limits().adminConnections(3).build());
        Socket usedLast = connect(fixture.server.adminAddress());
        Socket idle = connect(fixture.server.adminAddress());
        Socket alsoIdle = connect(fixture.server.adminAddress())) {
      for (Socket socket : List.of(usedLast, idle, alsoIdle, usedLast)) {
        assertThat(ask(socket)).isEqualTo("HTTP/1.1 200 OK");
      }
      try (Socket further = connect(fixture.server.adminAddress())) {
        assertThat(ask(further)).isEqualTo("HTTP/1.1 200 OK");
      }

      assertThat(idle.getInputStream().read()).isEqualTo(-1);
      assertThat(ask(usedLast)).isEqualTo("HTTP/1.1 200 OK");
      assertThat(ask(alsoIdle)).isEqualTo("HTTP/1.1 200 OK");
    }
  }

  @Test
  void theConnectionOfARunningUpdateIsNeverClosedForAnotherOne() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    try (ServerFixture fixture = fixture(limits().adminConnections(1).build());
        Socket update = connect(fixture.server.adminAddress())) {
      fixture.engine.beforeUpdate = _ -> ServerFixture.awaitLatch(release);
      send(update, "POST /reload_weights HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
      eventually(() -> fixture.engine.updates() == 1);
      try (Socket further = connect(fixture.server.adminAddress());
          Socket probe = connect(fixture.server.adminAddress())) {
        send(further, "GET /weight_info HTTP/1.1\r\nhost: localhost\r\n\r\n");
        assertThat(ServerFixture.readAll(further.getInputStream()))
            .startsWith("HTTP/1.1 503 ")
            .contains("too_many_connections");
        assertThat(ask(probe)).isEqualTo("HTTP/1.1 200 OK");
      }
      release.countDown();

      assertThat(ServerFixture.readAll(update.getInputStream())).startsWith("HTTP/1.1 200 OK");
    }
  }

  @Test
  void aBodyAboveTheLimitOfAllBodiesIsAnswered503() throws Exception {
    String large =
        completionRequest("{\"prompt\":\"a\"" + " ".repeat(900) + "}", "connection: close");
    String small =
        completionRequest("{\"prompt\":\"a\"" + " ".repeat(300) + "}", "connection: close");
    try (ServerFixture fixture = fixture(limits().allBodyBytes(1000).build());
        Socket unfinished = fixture.dataSocket()) {
      send(unfinished, large.substring(0, large.length() - 1));
      eventually(() -> exchange(fixture, small).startsWith("HTTP/1.1 503 "));
      send(unfinished, "}");

      assertThat(ServerFixture.readAll(unfinished.getInputStream())).startsWith("HTTP/1.1 200 ");
      assertThat(fixture.exchange(small)).startsWith("HTTP/1.1 200 ");
      try (Socket leaves = fixture.dataSocket()) {
        send(leaves, large.substring(0, large.length() - 1));
        eventually(() -> exchange(fixture, small).startsWith("HTTP/1.1 503 "));
      }
      eventually(() -> exchange(fixture, small).startsWith("HTTP/1.1 200 "));
    }
  }

  @Test
  void stepsTakenWhileTheLoopIsBusyAreSentTogether() throws Exception {
    try (ServerFixture fixture = fixture(ServerLimits.DEFAULT);
        Socket socket = fixture.dataSocket()) {
      fixture.engine.hold();
      send(
          socket,
          completionRequest(
              "{\"prompt\":\"a\",\"max_tokens\":4,\"stream\":true}", "connection: close"));
      eventually(() -> fixture.engine.running() == 1);
      fixture.engine.beforeSubmit = () -> fixture.engine.make(3);
      Call blocks = fixture.start(CompletionRequest.tokens(5).maxTokens(1));
      eventually(() -> fixture.engine.running() == 2);
      fixture.engine.beforeSubmit = () -> {};
      StringBuilder answer = new StringBuilder();
      byte[] some = new byte[1024];
      while (!answer.toString().contains("\n\n\r\n")) {
        int count = socket.getInputStream().read(some);
        assertThat(count).as("bytes after %s", answer).isPositive();
        answer.append(new String(some, 0, count, StandardCharsets.US_ASCII));
      }
      fixture.engine.release();

      answer.append(ServerFixture.readAll(socket.getInputStream()));
      assertThat(answer.toString())
          .contains("\"text\":\"bcd\"", "\"start\":0,\"end\":3}", "\"text\":\"e\"");
      assertThat(ServerFixture.await(blocks).finishReason()).isEqualTo("length");
    }
  }

  private ServerFixture fixture(ServerLimits limits) throws IOException {
    return new ServerFixture(dir, limits, MonotonicClock.SYSTEM);
  }

  private static void slowReader(ServerFixture fixture, Socket socket, String body)
      throws IOException {
    socket.setReceiveBufferSize(4 << 10);
    socket.connect(fixture.server.dataAddress());
    socket.setSoTimeout(60_000);
    send(socket, completionRequest(body, "connection: close"));
  }

  /** Lets the engine take steps until {@code other} has {@code tokens}. */
  private static void step(ServerFixture fixture, Call other, int tokens)
      throws InterruptedException {
    while (other.tokens() < tokens) {
      int reached = other.tokens() + 20;
      fixture.engine.allow(20);
      eventually(() -> other.tokens() >= reached);
    }
  }

  /** The answer to a connection above the limit; empty if it was closed without one. */
  private static String exchangeIfAnswered(ServerFixture fixture) {
    try {
      return fixture.exchange(MODELS);
    } catch (IOException e) {
      return "";
    }
  }

  private static String exchange(ServerFixture fixture, String request) {
    try {
      return fixture.exchange(request);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static Socket connect(InetSocketAddress address) throws IOException {
    Socket socket = new Socket();
    socket.connect(address);
    socket.setSoTimeout(60_000);
    return socket;
  }

  /** Requests the health and reads the whole answer; returns the status line. */
  private static String ask(Socket socket) throws IOException {
    send(socket, HEALTH);
    BufferedReader in =
        new BufferedReader(
            new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
    String status = in.readLine();
    int length = 0;
    for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
      if (line.startsWith("content-length: ")) {
        length = Integer.parseInt(line.substring(16));
      }
    }
    for (int i = 0; i < length; i++) {
      assertThat(in.read()).isNotNegative();
    }
    return status;
  }
}
