package dev.freshet.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The line about each request. */
@Timeout(120)
class RequestLogTest {
  private final List<String> lines = new CopyOnWriteArrayList<>();

  @Test
  void everyRequestHasOneLineWithItsRouteAndStatusAndNoContent() throws Exception {
    try (TestListener server = new TestListener(new RequestLog(lines::add));
        RawClient client = new RawClient(server.address())) {
      client.ask(
          "POST /echo?secret=1 HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: mine\r\n"
              + "Content-Length: 7\r\n\r\ncontent");
      client.ask("GET /nowhere%20a HTTP/1.1\r\nHost: localhost\r\n\r\n");

      Eventually.holds(() -> lines.size() == 2);
      assertThat(lines.getFirst())
          .matches("request id=mine POST /echo status=200 ms=[0-9]+\\.[0-9]");
      assertThat(lines.getLast())
          .matches("request id=[0-9a-f]{16} GET /nowhere%20a status=404 ms=[0-9]+\\.[0-9]");
    }
  }

  @Test
  void aRefusedRequestHasALineToo() throws Exception {
    try (TestListener server = new TestListener(new RequestLog(lines::add))) {
      String host = "Host: localhost\r\n";
      RawClient.exchange(
          server.address(),
          "POST /echo HTTP/1.1\r\n" + host + "Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n");
      RawClient.exchange(
          server.address(), "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 99999999\r\n\r\n");
      RawClient.exchange(server.address(), "nonsense\r\n\r\n");

      Eventually.holds(() -> lines.size() == 3);
      assertThat(lines.get(0)).matches("request id=\\S+ POST - status=415 ms=[0-9]{1,6}\\..");
      assertThat(lines.get(1)).matches("request id=\\S+ POST - status=413 ms=[0-9]{1,6}\\..");
      assertThat(lines.get(2)).matches("request id=- - - status=400 ms=[0-9]{1,6}\\..");
    }
  }

  @Test
  void anAnswerWhoseSourceBreaksOffIsMarked() throws Exception {
    try (TestListener server = new TestListener(new RequestLog(lines::add));
        RawClient client = new RawClient(server.address())) {
      client.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
      Eventually.holds(() -> server.held.size() == 1);
      server.held.element().breakOff();

      Eventually.holds(() -> lines.size() == 1);
      assertThat(lines.getFirst()).contains("GET /events status=200 ms=").endsWith(" broken");
    }
  }

  @Test
  void anAnswerThatItsClientDidNotAwaitIsMarked() throws Exception {
    try (TestListener server = new TestListener(new RequestLog(lines::add))) {
      try (RawClient client = new RawClient(server.address())) {
        client.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Eventually.holds(() -> server.held.size() == 1);
        client.socket.setSoLinger(true, 0);
      }

      Eventually.holds(() -> lines.size() == 1);
      assertThat(lines.getFirst()).contains("GET /events status=200 ms=").endsWith(" gone");
    }
  }
}
