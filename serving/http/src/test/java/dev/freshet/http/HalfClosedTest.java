package dev.freshet.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clients that have shut down their sending side: some wait for their answer, some are gone. */
@Timeout(120)
class HalfClosedTest {
  @AutoClose private final TestListener server = new TestListener();

  private static String get(String path) {
    return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  }

  /** A client that has sent {@code requests} and sends nothing more. */
  private RawClient halfClosed(String requests) throws IOException {
    RawClient client = new RawClient(server.address());
    client.send(requests);
    client.socket.shutdownOutput();
    return client;
  }

  @Test
  void aClientThatSendsNothingMoreIsAnswered() throws Exception {
    try (RawClient client = halfClosed(get("/slow"))) {
      Eventually.holds(() -> server.held.size() == 1);
      server.finish();

      RawClient.Answer answer = client.answer();
      assertThat(answer.body()).isEqualTo("{\"slow\":true}");
      assertThat(answer.header("connection")).isEqualTo("close");
      assertThat(client.isEnded()).isTrue();
    }
  }

  @Test
  void aStreamGoesOnAndItsProbesAreComments() throws Exception {
    for (String version : new String[] {"1.1", "1.0"}) {
      try (RawClient client = halfClosed(get("/events").replace("1.1", version))) {
        Eventually.holds(() -> server.held.size() == 1);
        InputStream in = client.socket.getInputStream();
        String probed = readUntil(in, ":\n\n");
        server.finish();

        String answer = probed + new String(in.readAllBytes(), StandardCharsets.UTF_8);
        assertThat(answer).contains("text/event-stream", "data: last\n\n");
        assertThat(answer.replaceAll("(?m)^:\n\n", "").split("data: ")).hasSize(2);
      }
    }
  }

  /** Reads until {@code end} has arrived. */
  private static String readUntil(InputStream in, String end) throws IOException {
    StringBuilder read = new StringBuilder();
    while (read.indexOf(end) < 0) {
      int b = in.read();
      assertThat(b).as("a byte after: %s", read).isNotNegative();
      read.append((char) b);
    }
    return read.toString();
  }

  @Test
  void everyPipelinedRequestIsAnswered() throws Exception {
    try (RawClient client = halfClosed(get("/slow") + get("/") + get("/slow") + get("/nowhere"))) {
      Eventually.holds(() -> server.held.size() == 1);
      server.finish();
      assertThat(client.answer().body()).isEqualTo("{\"slow\":true}");
      assertThat(client.answer().body()).isEqualTo("\"/{}\"");
      Eventually.holds(() -> server.held.size() == 1);
      server.finish();
      assertThat(client.answer().body()).isEqualTo("{\"slow\":true}");
      RawClient.Answer last = client.answer();
      assertThat(last.status()).isEqualTo(404);
      assertThat(last.header("connection")).isEqualTo("close");
      assertThat(client.isEnded()).isTrue();
    }
  }

  @Test
  void aRequestThatEndsTooEarlyIsAnswered400() throws Exception {
    String head = "POST /echo HTTP/1.1\r\nHost: localhost\r\n";
    for (String request :
        new String[] {
          "POST /ec", head, head + "Content-Length: 9\r\n\r\n{}", get("/") + head,
        }) {
      try (RawClient client = halfClosed(request)) {
        if (request.startsWith("GET")) {
          assertThat(client.answer().status()).isEqualTo(200);
        }
        assertThat(client.answer().status()).isEqualTo(400);
        assertThat(client.isEnded()).isTrue();
      }
    }
  }

  @Test
  void aConnectionWithoutARequestEndsWithItsInput() throws Exception {
    try (RawClient fresh = halfClosed("");
        RawClient used = new RawClient(server.address())) {
      assertThat(fresh.isEnded()).isTrue();
      assertThat(used.ask(get("/")).status()).isEqualTo(200);
      used.socket.shutdownOutput();
      assertThat(used.isEnded()).isTrue();
    }
  }

  @Test
  void aClientThatIsGoneIsNoticedWhileItsStreamIsSilent() throws Exception {
    try (RawClient client = new RawClient(server.address())) {
      client.send(get("/events"));
      Eventually.holds(() -> server.held.size() == 1);
    }
    Eventually.holds(server.held::isEmpty);
    try (RawClient client = halfClosed(get("/events"))) {
      Eventually.holds(() -> server.held.size() == 1);
    }
    Eventually.holds(server.held::isEmpty);
  }

  @Test
  void aClientThatIsGoneIsNoticedBeforeItsAnswer() throws Exception {
    try (RawClient client = new RawClient(server.address())) {
      client.send(get("/slow"));
      Eventually.holds(() -> server.held.size() == 1);
    }
    Eventually.holds(server.held::isEmpty);
  }

  @Test
  void aClientThatWaitsLongForItsAnswerGetsInterimResponses() throws Exception {
    try (RawClient client = halfClosed(get("/slow"))) {
      assertThat(client.answer().status()).isEqualTo(100);
      server.finish();

      RawClient.Answer answer = client.answer();
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.body()).isEqualTo("{\"slow\":true}");
    }
  }

  @Test
  void aClientThatResetsItsConnectionIsNoticedBeforeItsAnswer() throws Exception {
    try (RawClient open = new RawClient(server.address());
        RawClient halfClosed = halfClosed(get("/slow"))) {
      open.send(get("/slow"));
      Eventually.holds(() -> server.held.size() == 2);
      Thread.sleep(300); // So that the end of the input arrives before the reset.
      open.socket.setSoLinger(true, 0);
      halfClosed.socket.setSoLinger(true, 0);
    }
    Eventually.holds(server.held::isEmpty);
  }
}
