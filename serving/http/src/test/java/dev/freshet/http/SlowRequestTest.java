package dev.freshet.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests that arrive too slowly. */
@Timeout(120)
class SlowRequestTest {
  private static final String HEAD = "POST /echo HTTP/1.1\r\nHost: localhost\r\n";

  @AutoClose private final TestListener server = listener(Duration.ofMillis(300));

  private static TestListener listener(Duration request) {
    return new TestListener(new HttpLimits(1 << 20, 1 << 20, request, Duration.ofSeconds(75)));
  }

  /** Sends {@code start}, then bytes one at a time for as long as the server takes them. */
  private RawClient.Answer drip(String start, String drop) throws Exception {
    try (RawClient client = new RawClient(server.address())) {
      client.send(start);
      Thread dripping =
          Thread.startVirtualThread(
              () -> {
                try {
                  while (true) {
                    client.send(drop);
                    Thread.sleep(20);
                  }
                } catch (IOException | InterruptedException e) {
                  // The server has closed the connection, or the test is over.
                }
              });
      try {
        RawClient.Answer answer = client.answer();
        assertThat(client.isEnded()).isTrue();
        return answer;
      } finally {
        dripping.interrupt();
        dripping.join();
      }
    }
  }

  @Test
  void aRequestThatDripsIsAnswered408HoweverItsBytesCome() throws Exception {
    for (RawClient.Answer answer :
        List.of(
            drip("G", "E"),
            drip(HEAD, "A: b\r\n"),
            drip(HEAD + "Content-Length: 100000\r\n\r\n{", " "),
            drip(HEAD + "Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n"),
            drip(HEAD.replace("/echo", "/?%") + "Content-Length: 100000\r\n\r\n{", " "))) {
      assertThat(answer.status()).isEqualTo(408);
      assertThat(answer.header("connection")).isEqualTo("close");
      assertThat(answer.body())
          .contains("the request did not arrive whole within 300 ms", "\"code\":\"timeout\"");
    }
  }

  @Test
  void theTimeOfARequestBehindASlowAnswerCountsFromThatAnswer() throws Exception {
    try (TestListener patient = listener(Duration.ofSeconds(2));
        RawClient client = new RawClient(patient.address())) {
      client.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
      Eventually.holds(() -> patient.held.size() == 1);
      client.send(HEAD);
      Thread.sleep(2200); // Longer than a request may take.
      patient.finish();
      assertThat(client.answer().status()).isEqualTo(200);
      client.send("Content-Length: 2\r\n\r\n{}");

      assertThat(client.answer().body()).isEqualTo("{}");
    }
  }

  @Test
  void lineEndsBetweenRequestsAreNoRequest() throws Exception {
    try (RawClient client = new RawClient(server.address())) {
      String request = HEAD + "Content-Length: 2\r\n\r\n{}\r\n";
      assertThat(client.ask(request).status()).isEqualTo(200);
      client.send("\r\n");
      Thread.sleep(600); // Longer than a request may take.

      assertThat(client.ask(request).status()).isEqualTo(200);
    }
  }
}
