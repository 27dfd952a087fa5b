package dev.freshet.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clients that have shut down their sending side: some wait for their answer, some are gone. */
@Timeout(120)
class HalfClosedTest {
  private final TestListener server = new TestListener();

  @AfterEach
  void close() {
    server.close();
  }

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
      Thread.sleep(600); // Longer than the first probes take.
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
        Thread.sleep(1000); // Longer than the first probes take.
        server.finish();

        String answer =
            new String(client.socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(answer).contains("text/event-stream", ":\n\n").contains("data: last\n\n");
        assertThat(answer.replaceAll("(?m)^:\n\n", "").split("data: ")).hasSize(2);
      }
    }
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
