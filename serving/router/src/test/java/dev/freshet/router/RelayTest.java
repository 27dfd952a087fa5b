package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes through the front comes out as it went in. */
@Timeout(120)
class RelayTest {
  private static final String CHUNKED =
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

  /** Random bytes in pieces of random size, with a pause of the writer between some. */
  private static void writeInPieces(ScriptedReplica.Connection to, byte[] bytes, Random random)
      throws IOException {
    int at = 0;
    while (at < bytes.length) {
      int size = Math.min(bytes.length - at, 1 + random.nextInt(random.nextBoolean() ? 7 : 5000));
      to.out.write(bytes, at, size);
      to.out.flush();
      at += size;
    }
  }

  private static byte[] random(Random random, int most) {
    byte[] bytes = new byte[random.nextInt(most)];
    random.nextBytes(bytes);
    return bytes;
  }

  private static byte[] chunked(Random random, byte[] content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int at = 0;
    while (at < content.length) {
      int size = Math.min(content.length - at, 1 + random.nextInt(3000));
      String line = (random.nextBoolean() ? "000" : "") + Integer.toHexString(size);
      line = random.nextBoolean() ? line.toUpperCase(Locale.ROOT) : line;
      out.writeBytes(
          (line + (random.nextInt(4) == 0 ? ";a=\"b\"" : "") + "\r\n")
              .getBytes(StandardCharsets.US_ASCII));
      out.write(content, at, size);
      out.writeBytes("\r\n".getBytes(StandardCharsets.US_ASCII));
      at += size;
    }
    String end = random.nextBoolean() ? "0\r\n\r\n" : "0\r\nx-checksum: 1\r\nx-more: 2\r\n\r\n";
    out.writeBytes(end.getBytes(StandardCharsets.US_ASCII));
    return out.toByteArray();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void bodiesOfBothFramingsAreRelayedByteForByteOnOneConnection(long seed) throws Exception {
    Random random = new Random(seed);
    List<byte[]> sent = new ArrayList<>();
    boolean[] inChunks = new boolean[20];
    for (int i = 0; i < inChunks.length; i++) {
      inChunks[i] = random.nextBoolean();
      byte[] content = random(random, 60_000);
      sent.add(inChunks[i] ? chunked(random, content) : content);
    }
    ScriptedReplica.Script script =
        (request, connection) -> {
          int i = Integer.parseInt(request.path().substring(1));
          String framing =
              inChunks[i] ? "Transfer-Encoding: chunked" : "Content-Length: " + sent.get(i).length;
          byte[] head =
              ("HTTP/1.1 200 OK\r\n" + framing + "\r\nX-Own: é\r\n\r\n")
                  .getBytes(StandardCharsets.ISO_8859_1);
          ByteArrayOutputStream all = new ByteArrayOutputStream();
          all.writeBytes(head);
          all.writeBytes(sent.get(i));
          writeInPieces(connection, all.toByteArray(), new Random(i));
        };
    try (ScriptedReplica replica = new ScriptedReplica(script);
        FrontFixture front = FrontFixture.of(replica);
        RawClient client = new RawClient(front.data())) {
      for (int i = 0; i < inChunks.length; i++) {
        String body = new String(random(random, 100_000), StandardCharsets.ISO_8859_1);
        RawClient.Answer answer = client.ask(RawClient.post("/" + i, body));

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.head().header("x-own")).isEqualTo("é");
        assertThat(answer.body()).isEqualTo(sent.get(i));
        assertThat(replica.arrived.get(i).body())
            .isEqualTo(body.getBytes(StandardCharsets.ISO_8859_1));
      }
    }
  }

  @Test
  void methodTargetAndHeadersArriveWithoutThoseOfTheConnection() throws Exception {
    try (ScriptedReplica replica = new ScriptedReplica(ScriptedReplica.json("{}"));
        FrontFixture front = FrontFixture.of(replica)) {
      RawClient.Answer answer =
          RawClient.exchange(
              front.data(),
              """
              PUT /v1/x%20y/?a=%2f&b HTTP/1.1\r
              Host: localhost\r
              X-Mixed-Case: A\r
              Connection: keep-alive, X-Private\r
              X-Private: 1\r
              Keep-Alive: 5\r
              TE: trailers\r
              Authorization: Bearer k\r
              X-Request-Id: mine\r
              Content-Encoding: gzip\r
              Content-Length: 2\r
              \r
              ..\
              """);

      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.head().header("x-request-id")).isEqualTo("mine");
      ScriptedReplica.Arrived request = replica.arrived.getFirst();
      assertThat(request.line()).isEqualTo("PUT /v1/x%20y/?a=%2f&b HTTP/1.1");
      assertThat(request.headers())
          .contains("X-Mixed-Case: A", "Authorization: Bearer k", "Content-Encoding: gzip")
          .noneMatch(
              header ->
                  header
                      .toLowerCase(Locale.ROOT)
                      .matches("(connection|x-private|keep-alive|te):.*"));
      assertThat(request.header("host")).isEqualTo(replica.name());
      assertThat(request.header("x-request-id")).isEqualTo("mine");
      assertThat(request.header("via")).isEqualTo("1.1 freshet");
    }
  }

  @Test
  void anAnswerComesWithoutTheHeadersOfTheReplicasConnection() throws Exception {
    ScriptedReplica.Script script =
        (_, connection) ->
            connection.write(
                """
                HTTP/1.1 418 Short and stout\r
                Connection: X-Hop, keep-alive\r
                X-Hop: 1\r
                Keep-Alive: timeout=5\r
                Set-Cookie: a\r
                Set-Cookie: b\r
                Content-Length: 1\r
                \r
                x\
                """);
    try (ScriptedReplica replica = new ScriptedReplica(script);
        FrontFixture front = FrontFixture.of(replica);
        RawClient client = new RawClient(front.data())) {
      client.send(RawClient.get("/"));
      String all = "";
      while (!all.endsWith("\r\n\r\nx")) {
        all += (char) client.in.read();
      }

      assertThat(all)
          .startsWith("HTTP/1.1 418 Short and stout\r\n")
          .contains("Set-Cookie: a\r\nSet-Cookie: b\r\n")
          .doesNotContain("X-Hop", "timeout=5");
    }
  }

  @Test
  void anIdIsMadeForARequestWithoutOne() throws Exception {
    try (ScriptedReplica replica = new ScriptedReplica(ScriptedReplica.json("{}"));
        FrontFixture front = FrontFixture.of(replica)) {
      String id =
          RawClient.exchange(front.data(), RawClient.post("/v1/completions", "{}"))
              .head()
              .header("x-request-id");

      assertThat(id).matches("[0-9a-f]{16}");
      assertThat(replica.arrived.getFirst().header("x-request-id")).isEqualTo(id);
    }
  }

  @Test
  void eachTokenOfAStreamArrivesBeforeTheNextIsMade() throws Exception {
    CountDownLatch[] next = new CountDownLatch[5];
    for (int i = 0; i < next.length; i++) {
      next[i] = new CountDownLatch(1);
    }
    ScriptedReplica.Script script =
        (_, connection) -> {
          connection.write(CHUNKED);
          for (int i = 0; i < next.length; i++) {
            connection.write("9\r\ndata: " + i + "\n\n\r\n");
            awaitUninterruptibly(next[i]);
          }
          connection.write("0\r\n\r\n");
        };
    try (ScriptedReplica replica = new ScriptedReplica(script);
        FrontFixture front = FrontFixture.of(replica);
        RawClient client = new RawClient(front.data())) {
      client.send(RawClient.post("/v1/completions", "{}"));
      RawClient.Head head = client.head();
      assertThat(head.header("x-accel-buffering")).isEqualTo("no");
      for (int i = 0; i < next.length; i++) {
        assertThat(client.chunk()).isEqualTo("data: " + i + "\n\n");
        next[i].countDown();
      }
      assertThat(client.chunk()).isEmpty();
      assertThat(client.ask(RawClient.get("/health")).status()).isEqualTo(200);
    }
  }

  @Test
  void eventsOfManyStreamsThatAreMadeTogetherArriveWithoutFurtherOnes() throws Exception {
    int streams = 150; // More than a loop reads before it sends.
    CountDownLatch[] next = {new CountDownLatch(1), new CountDownLatch(1), new CountDownLatch(1)};
    ScriptedReplica.Script script =
        (_, connection) -> {
          connection.write(CHUNKED);
          for (int i = 0; i < next.length; i++) {
            awaitUninterruptibly(next[i]);
            connection.write("9\r\ndata: " + i + "\n\n\r\n");
          }
        };
    List<RawClient> clients = new ArrayList<>();
    try (ScriptedReplica replica = new ScriptedReplica(script);
        FrontFixture front = FrontFixture.of(replica)) {
      for (int i = 0; i < streams; i++) {
        clients.add(new RawClient(front.data()));
        clients.getLast().send(RawClient.post("/v1/completions", "{}"));
        assertThat(clients.getLast().head().status()).isEqualTo(200);
      }
      for (int i = 0; i < next.length; i++) {
        next[i].countDown();
        for (RawClient client : clients) {
          assertThat(client.chunk()).isEqualTo("data: " + i + "\n\n");
        }
      }
    } finally {
      for (RawClient client : clients) {
        client.close();
      }
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void pipelinedRequestsAreAnsweredInOrder() throws Exception {
    ScriptedReplica.Script script =
        (request, connection) -> connection.write(ScriptedReplica.ok(request.path()));
    try (ScriptedReplica replica = new ScriptedReplica(script);
        FrontFixture front = FrontFixture.of(replica);
        RawClient client = new RawClient(front.data())) {
      StringBuilder requests = new StringBuilder();
      for (int i = 0; i < 50; i++) {
        requests.append(i % 2 == 0 ? RawClient.get("/" + i) : RawClient.post("/" + i, "body"));
      }
      client.send(requests.toString());
      for (int i = 0; i < 50; i++) {
        assertThat(client.answer(false).text()).isEqualTo("/" + i);
      }
      assertThat(replica.arrived).hasSize(50);
    }
  }

  @Test
  void answersWithoutABodyEndAtTheirHeadWhateverTheirLength() throws Exception {
    ScriptedReplica.Script script =
        (request, connection) ->
            connection.write(
                switch (request.path()) {
                  case "/204" -> "HTTP/1.1 204 No Content\r\n\r\n";
                  case "/304" -> "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n";
                  default -> "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n";
                });
    try (ScriptedReplica replica = new ScriptedReplica(script);
        FrontFixture front = FrontFixture.of(replica);
        RawClient client = new RawClient(front.data())) {
      assertThat(client.ask(RawClient.get("/204")).status()).isEqualTo(204);
      assertThat(client.ask(RawClient.get("/304")).head().header("content-length")).isEqualTo("99");
      RawClient.Answer head = client.ask(RawClient.get("/head").replace("GET", "HEAD"));
      assertThat(head.head().header("content-length")).isEqualTo("12345");
      assertThat(client.ask(RawClient.get("/204")).status()).isEqualTo(204);
    }
  }

  @Test
  void anAnswerThatEndsWithItsConnectionIsRelayedWhole() throws Exception {
    ScriptedReplica.Script script =
        (_, connection) -> {
          connection.write("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nto the end");
          connection.socket.close();
        };
    try (ScriptedReplica replica = new ScriptedReplica(script);
        FrontFixture front = FrontFixture.of(replica);
        RawClient client = new RawClient(front.data())) {
      RawClient.Answer answer = client.ask(RawClient.get("/"));
      assertThat(answer.head().header("connection")).isEqualTo("close");
      assertThat(answer.text()).isEqualTo("to the end");
    }
  }

  @Test
  void aClientOfHttp10GetsAnAnswerThatItCanRead() throws Exception {
    ScriptedReplica.Script script =
        (request, connection) -> {
          boolean old = request.line().endsWith("HTTP/1.0");
          connection.write(old ? "HTTP/1.0 200 OK\r\n\r\nplain" : CHUNKED + "1\r\nx\r\n0\r\n\r\n");
          connection.socket.close();
        };
    try (ScriptedReplica replica = new ScriptedReplica(script);
        FrontFixture front = FrontFixture.of(replica);
        RawClient client = new RawClient(front.data())) {
      client.send("GET / HTTP/1.0\r\n\r\n");
      assertThat(client.rest()).contains("200 OK").endsWith("\r\n\r\nplain");
    }
  }

  @Test
  void aRequestInChunksThatExpects100GetsItAndArrivesWithALength() throws Exception {
    try (ScriptedReplica replica = new ScriptedReplica(ScriptedReplica.json("{}"));
        FrontFixture front = FrontFixture.of(replica);
        RawClient client = new RawClient(front.data())) {
      client.send(
          """
          POST /up HTTP/1.1\r
          Host: localhost\r
          Transfer-Encoding: chunked\r
          Expect: 100-continue\r
          \r
          """);
      assertThat(client.head().status()).isEqualTo(100);
      client.send("3\r\nabc\r\n4;x\r\ndefg\r\n0\r\nX-Trailer: 1\r\n\r\n");

      assertThat(client.answer(false).status()).isEqualTo(200);
      ScriptedReplica.Arrived request = replica.arrived.getFirst();
      assertThat(request.body()).asString().isEqualTo("abcdefg");
      assertThat(request.header("content-length")).isEqualTo("7");
      assertThat(request.header("expect")).isEmpty();
    }
  }

  @Test
  void interimAnswersAreRelayedBeforeTheFinalOne() throws Exception {
    ScriptedReplica.Script script =
        (_, connection) ->
            connection.write(
                "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ScriptedReplica.ok("{}"));
    try (ScriptedReplica replica = new ScriptedReplica(script);
        FrontFixture front = FrontFixture.of(replica);
        RawClient client = new RawClient(front.data())) {
      client.send(RawClient.get("/"));
      assertThat(client.head().header("link")).isEqualTo("</a>");
      assertThat(client.answer(false).text()).isEqualTo("{}");
    }
  }

  @Test
  void anUpgradeToAWebSocketIsRefusedAndOneToHttp2Ignored() throws Exception {
    try (ScriptedReplica replica = new ScriptedReplica(ScriptedReplica.json("{}"));
        FrontFixture front = FrontFixture.of(replica);
        RawClient client = new RawClient(front.data())) {
      RawClient.Answer refused =
          client.ask(RawClient.get("/ws", "Connection: Upgrade", "Upgrade: websocket"));
      assertThat(refused.status()).isEqualTo(501);
      assertThat(refused.text()).contains("websocket");

      assertThat(
              client
                  .ask(
                      RawClient.get(
                          "/x",
                          "Connection: Upgrade, HTTP2-Settings",
                          "Upgrade: h2c",
                          "HTTP2-Settings: AAA"))
                  .status())
          .isEqualTo(200);
      assertThat(replica.arrived.getFirst().headers())
          .noneMatch(header -> header.startsWith("Upgrade") || header.startsWith("HTTP2"));
    }
  }

  @Test
  void aBodyAboveTheLimitIsAnswered413AndReachesNoReplica() throws Exception {
    try (ScriptedReplica replica = new ScriptedReplica(ScriptedReplica.json("{}"));
        FrontFixture front =
            FrontFixture.of(Map.of("max_body_bytes", "1000", "max_held_bytes", "1000"), replica)) {
      RawClient.Answer answer =
          RawClient.exchange(front.data(), RawClient.post("/", "x".repeat(1001)));

      assertThat(answer.status()).isEqualTo(413);
      assertThat(answer.text()).contains("at most 1000 bytes");
      assertThat(replica.arrived).isEmpty();
    }
  }

  @Test
  void connectionsToAReplicaAreKeptForLaterRequests() throws Exception {
    try (ScriptedReplica replica = new ScriptedReplica(ScriptedReplica.json("{}"));
        FrontFixture front =
            FrontFixture.of(
                Map.of("probe_interval_ms", "600000", "keep_alive_ms", "600000"), replica)) {
      for (int i = 0; i < 20; i++) {
        assertThat(RawClient.exchange(front.data(), RawClient.get("/" + i)).status())
            .isEqualTo(200);
      }
      assertThat(replica.arrived).hasSize(20);
      assertThat(replica.accepted()).isLessThanOrEqualTo(1 + 3); // A request, and three probes.
    }
  }
}
