package dev.freshet.router;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Clients that leave, replicas that fail, and neither of them in time. */
@Timeout(120)
class RelayFaultsTest {
  private static final String EVENTS =
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
  private static final String EVENT = "9\r\ndata: 0\n\n\r\n";
  private static final String POST = RawClient.post("/v1/completions", "{}");

  private final CountDownLatch cancelled = new CountDownLatch(1);

  /** Sends {@code begin}, then nothing until the front closes the connection. */
  private ScriptedReplica.Script silentAfter(String begin) {
    return (_, connection) -> {
      connection.write(begin);
      connection.awaitEnd();
      cancelled.countDown();
    };
  }

  @Test
  void aClientThatLeavesBeforeTheAnswerEndsTheRequestOfASilentReplica() throws Exception {
    try (ScriptedReplica replica = new ScriptedReplica(silentAfter(""));
        FrontFixture front = FrontFixture.of(replica)) {
      RawClient client = new RawClient(front.data());
      client.send(POST);
      FrontFixture.await("the request", () -> !replica.arrived.isEmpty());
      client.close();

      cancelled.await();
      FrontFixture.await(
          "the count",
          () -> front.metric("freshet_route_errors_total{reason=\"client_left\"}") == 1);
      assertThat(front.metric("freshet_route_in_flight{replica=\"%s\"}".formatted(replica.name())))
          .isZero();
    }
  }

  @Test
  void aClientThatLeavesInTheStreamEndsTheRequestOfASilentReplica() throws Exception {
    try (ScriptedReplica replica = new ScriptedReplica(silentAfter(EVENTS + EVENT));
        FrontFixture front = FrontFixture.of(replica)) {
      RawClient client = new RawClient(front.data());
      client.send(POST);
      client.head();
      assertThat(client.chunk()).isEqualTo("data: 0\n\n");
      client.close();

      cancelled.await();
    }
  }

  @Test
  void anErrorAnswerThatDoesNotEndCountsForItsReplicaUntilTheClientLeaves() throws Exception {
    String busy =
        "HTTP/1.1 503 Service Unavailable\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbusy\r\n";
    try (ScriptedReplica replica = new ScriptedReplica(silentAfter(busy));
        FrontFixture front = FrontFixture.of(replica)) {
      String inFlight = "freshet_route_in_flight{replica=\"%s\"}".formatted(replica.name());
      RawClient client = new RawClient(front.data());
      client.send(POST);
      assertThat(client.head().status()).isEqualTo(503);
      assertThat(client.chunk()).isEqualTo("busy");
      assertThat(front.metric(inFlight)).isEqualTo(1);
      client.close();

      cancelled.await();
      FrontFixture.await("the count", () -> front.metric(inFlight) == 0);
      assertThat(replica.arrived).hasSize(1);
    }
  }

  @Test
  void aClientThatEndsItsSendingSideHasLeft() throws Exception {
    try (ScriptedReplica replica = new ScriptedReplica(silentAfter(EVENTS));
        FrontFixture front = FrontFixture.of(replica);
        RawClient client = new RawClient(front.data())) {
      client.send(POST);
      client.head();
      client.socket.shutdownOutput();

      cancelled.await();
      assertThat(client.rest()).doesNotContain("0\r\n\r\n");
    }
  }

  @Test
  void aClientThatLeavesHalfReadEndsTheRequestOfAReplicaThatWrites() throws Exception {
    byte[] chunk = ("10000\r\n" + "x".repeat(1 << 16) + "\r\n").getBytes(US_ASCII);
    ScriptedReplica.Script endless =
        (_, connection) -> {
          connection.write(EVENTS);
          try {
            while (true) {
              connection.out.write(chunk);
            }
          } catch (IOException e) {
            cancelled.countDown();
            throw e;
          }
        };
    try (ScriptedReplica replica = new ScriptedReplica(endless);
        FrontFixture front = FrontFixture.of(replica)) {
      RawClient client = new RawClient(front.data());
      client.send(POST);
      client.head();
      client.chunk();
      client.close();

      cancelled.await();
    }
  }

  @Test
  void aReplicaThatDiesBeforeItAnswersIsReplacedUnderTheSameRequestId() throws Exception {
    try (ScriptedReplica dying = new ScriptedReplica((_, connection) -> connection.reset());
        ScriptedReplica other = new ScriptedReplica(ScriptedReplica.json("{\"ok\":1}"));
        FrontFixture front =
            FrontFixture.of(
                Map.of("policy", "round_robin", "failures_to_down", "1000"), dying, other)) {
      for (int i = 0; i < 4; i++) {
        RawClient.Answer answer =
            RawClient.exchange(
                front.data(), RawClient.post("/v1/completions", "{}", "X-Request-Id: id-" + i));
        assertThat(answer.text()).isEqualTo("{\"ok\":1}");
        assertThat(other.arrived.get(i).header("x-request-id")).isEqualTo("id-" + i);
      }
      assertThat(dying.arrived).isNotEmpty();
      assertThat(dying.arrived.getFirst().header("x-request-id")).startsWith("id-");
      assertThat(front.metric("freshet_route_retries_total{reason=\"closed\"}"))
          .isEqualTo(dying.arrived.size());
    }
  }

  @Test
  void aRequestIsSentTwiceAtMost() throws Exception {
    ScriptedReplica.Script dies = (_, connection) -> connection.reset();
    try (ScriptedReplica one = new ScriptedReplica(dies);
        ScriptedReplica two = new ScriptedReplica(dies);
        ScriptedReplica three = new ScriptedReplica(dies);
        FrontFixture front = FrontFixture.of(Map.of("failures_to_down", "1000"), one, two, three)) {
      RawClient.Answer answer = RawClient.exchange(front.data(), POST);

      assertThat(answer.status()).isEqualTo(502);
      assertThat(answer.text())
          .contains("\"code\":\"upstream_closed\"", "replica 127.0.0.1:", "before it answered");
      assertThat(one.arrived.size() + two.arrived.size() + three.arrived.size()).isEqualTo(2);
    }
  }

  @Test
  void aRequestWithALargeBodyIsNotSentAgain() throws Exception {
    ScriptedReplica.Script dies = (_, connection) -> connection.reset();
    try (ScriptedReplica one = new ScriptedReplica(dies);
        ScriptedReplica two = new ScriptedReplica(dies);
        FrontFixture front = FrontFixture.of(Map.of("max_retried_body_bytes", "100"), one, two)) {
      RawClient.Answer answer =
          RawClient.exchange(front.data(), RawClient.post("/", "x".repeat(101)));

      assertThat(answer.status()).isEqualTo(502);
      assertThat(one.arrived.size() + two.arrived.size()).isEqualTo(1);
    }
  }

  @Test
  void aKeptConnectionThatTheReplicaClosesIsReplacedByAFreshOneToIt() throws Exception {
    AtomicInteger count = new AtomicInteger();
    ScriptedReplica.Script everySecondEndsUnanswered =
        (_, connection) -> {
          if (count.incrementAndGet() == 2) {
            connection.socket.close();
          } else {
            connection.write(ScriptedReplica.ok("{}"));
          }
        };
    try (ScriptedReplica replica = new ScriptedReplica(everySecondEndsUnanswered);
        FrontFixture front = FrontFixture.of(Map.of("keep_alive_ms", "600000"), replica)) {
      assertThat(RawClient.exchange(front.data(), POST).status()).isEqualTo(200);
      assertThat(RawClient.exchange(front.data(), POST).status()).isEqualTo(200);
      assertThat(replica.arrived).hasSize(3);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void bytesThatAReplicaSendsBetweenAnswersReachNoClient() throws Exception {
    CountDownLatch answered = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    ScriptedReplica.Script script =
        (_, connection) -> {
          connection.write(ScriptedReplica.ok("{\"first\":1}"));
          if (closed.getCount() > 0) {
            await(answered);
            connection.write(ScriptedReplica.ok("{\"unasked\":1}"));
            connection.awaitEnd();
            closed.countDown();
          }
        };
    try (ScriptedReplica replica = new ScriptedReplica(script);
        FrontFixture front = FrontFixture.of(replica);
        RawClient client = new RawClient(front.data())) {
      assertThat(client.ask(POST).text()).isEqualTo("{\"first\":1}");
      answered.countDown();
      closed.await();
      assertThat(client.ask(POST).text()).isEqualTo("{\"first\":1}");
    }
  }

  @Test
  void anAnswerToARequestThatTheReplicaDoesNotReadIsRelayed() throws Exception {
    try (ScriptedReplica replica = new ScriptedReplica(ScriptedReplica.json("{}"));
        FrontFixture front = FrontFixture.of(replica)) {
      replica.maxBody = 1 << 20;
      RawClient.Answer answer =
          RawClient.exchange(front.data(), RawClient.post("/v1/completions", "x".repeat(16 << 20)));
      assertThat(answer.status()).as(answer.text()).isEqualTo(413);
      assertThat(replica.arrived).isEmpty();
    }
  }

  @Test
  void aReplicaThatCannotBeReachedIsLeftForAnother() throws Exception {
    ScriptedReplica gone = new ScriptedReplica(ScriptedReplica.json("{}"));
    try (ScriptedReplica other = new ScriptedReplica(ScriptedReplica.json("{}"));
        FrontFixture front = FrontFixture.of(Map.of("policy", "round_robin"), gone, other)) {
      gone.close();
      for (int i = 0; i < 10; i++) {
        assertThat(RawClient.exchange(front.data(), POST).status()).isEqualTo(200);
      }
      assertThat(other.arrived).hasSize(10);
    }
  }

  @Test
  void theOnlyReplicaThatCannotBeReachedIsNamed() throws Exception {
    ScriptedReplica gone = new ScriptedReplica(ScriptedReplica.json("{}"));
    try (FrontFixture front =
        FrontFixture.of(Map.of("probe_interval_ms", "600000", "queue_timeout_s", "1"), gone)) {
      FrontFixture.await("probes", () -> gone.accepted() >= 3);
      gone.close();
      RawClient.Answer answer = RawClient.exchange(front.data(), POST);

      assertThat(answer.status()).isEqualTo(502);
      assertThat(answer.text())
          .contains("replica " + gone.name() + ": cannot connect", "\"upstream_connect\"");

      FrontFixture.await( // A probe that was answered before may put it on trial once more.
          "no replica",
          () -> {
            try {
              RawClient.Answer none = RawClient.exchange(front.data(), POST);
              return none.status() == 503
                  && none.text().contains("no replica takes requests within 1000 ms");
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          });
    }
  }

  @Test
  void whatIsNotHttpIsAnswered502() throws Exception {
    for (String garbage :
        new String[] {
          "\u0000\u0001garbage\r\n\r\n",
          "HTTP/1.1 xyz\r\n\r\n",
          "HTTP/1.1 101 Switching\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
          "x".repeat(100_000),
        }) {
      try (ScriptedReplica replica = new ScriptedReplica(silentAfter(garbage));
          FrontFixture front = FrontFixture.of(replica)) {
        RawClient.Answer answer = RawClient.exchange(front.data(), POST);

        assertThat(answer.status()).as(garbage).isEqualTo(502);
        assertThat(answer.text()).contains("upstream_malformed", replica.name());
        cancelled.await();
      }
    }
  }

  @Test
  void aStreamThatBreaksOffEndsWithAnErrorEventAndWithoutItsLastChunk() throws Exception {
    ScriptedReplica.Script breaks =
        (_, connection) -> {
          connection.write(EVENTS + EVENT);
          connection.socket.close();
        };
    try (ScriptedReplica replica = new ScriptedReplica(breaks);
        ScriptedReplica other = new ScriptedReplica(breaks);
        FrontFixture front = FrontFixture.of(replica, other);
        RawClient client = new RawClient(front.data())) {
      client.send(POST);
      client.head();
      assertThat(client.chunk()).isEqualTo("data: 0\n\n");
      assertThat(client.chunk())
          .startsWith("\n\ndata: {\"error\":{\"message\":\"replica 127.0.0.1:")
          .contains("within the answer", "\"code\":\"upstream_broken\"")
          .endsWith("}\n\n");
      assertThat(client.rest()).isEmpty();
      assertThat(replica.arrived.size() + other.arrived.size()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/v1/messages | {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"replica 1",
        "/s/a/v1/messages | {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"replica 1",
        "/v1/responses | {\"type\":\"error\",\"code\":\"upstream_broken\",\"message\":\"replica 1",
      })
  void theErrorEventHasTheShapeOfItsRoute(String path, String data) throws Exception {
    ScriptedReplica.Script breaks =
        (_, connection) -> {
          connection.write(EVENTS + EVENT);
          connection.socket.close();
        };
    try (ScriptedReplica replica = new ScriptedReplica(breaks);
        FrontFixture front = FrontFixture.of(replica);
        RawClient client = new RawClient(front.data())) {
      client.send(RawClient.post(path, "{}"));
      client.head();
      assertThat(client.chunk()).isEqualTo("data: 0\n\n");
      assertThat(client.chunk()).startsWith("\n\nevent: error\ndata: " + data).endsWith("}\n\n");
      assertThat(client.rest()).isEmpty();
    }
  }

  @Test
  void aStreamThatBreaksOffWithinAChunkEndsThere() throws Exception {
    ScriptedReplica.Script breaks =
        (_, connection) -> {
          connection.write(EVENTS + "9\r\ndat");
          connection.socket.close();
        };
    try (ScriptedReplica replica = new ScriptedReplica(breaks);
        FrontFixture front = FrontFixture.of(replica);
        RawClient client = new RawClient(front.data())) {
      client.send(POST);
      client.head();
      assertThat(client.rest()).isEqualTo("9\r\ndat");
    }
  }

  @Test
  void anAnswerWhoseEndOnlyTheConnectionTellsIsResetIfItBreaksOff() throws Exception {
    ScriptedReplica.Script breaks =
        (_, connection) -> {
          connection.write("HTTP/1.1 200 OK\r\n\r\npart");
          connection.awaitEnd();
        };
    try (ScriptedReplica replica = new ScriptedReplica(breaks);
        FrontFixture front = FrontFixture.of(replica);
        RawClient client = new RawClient(front.data())) {
      client.send(POST);
      client.head();
      assertThat(new String(client.in.readNBytes(4), US_ASCII)).isEqualTo("part");
      replica.resetAll();
      assertThat(client.rest()).isEqualTo("RESET");
    }
  }

  @Test
  void aStreamWhoseEndOnlyTheConnectionTellsEndsWithAnErrorEventIfItFallsSilent() throws Exception {
    String events = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: 0\n\n";
    try (ScriptedReplica replica = new ScriptedReplica(silentAfter(events));
        FrontFixture front = FrontFixture.of(Map.of("idle_timeout_s", "1"), replica);
        RawClient client = new RawClient(front.data())) {
      client.send(POST);
      client.head();
      assertThat(client.rest())
          .startsWith("data: 0\n\n\n\ndata: {\"error\":")
          .endsWith("\"code\":\"upstream_idle_timeout\"}}\n\n");
    }
  }

  @Test
  void aCompressedStreamThatBreaksOffGetsNoEvent() throws Exception {
    ScriptedReplica.Script breaks =
        (_, connection) -> {
          connection.write(
              EVENTS.replace("transfer", "content-encoding: gzip\r\ntransfer") + EVENT);
          connection.socket.close();
        };
    try (ScriptedReplica replica = new ScriptedReplica(breaks);
        FrontFixture front = FrontFixture.of(replica);
        RawClient client = new RawClient(front.data())) {
      client.send(POST);
      client.head();
      assertThat(client.rest()).isEqualTo(EVENT);
    }
  }

  @Test
  void anAnswerCutShortOfItsLengthIsNotWhole() throws Exception {
    ScriptedReplica.Script breaks =
        (_, connection) -> {
          connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npart");
          connection.socket.close();
        };
    try (ScriptedReplica replica = new ScriptedReplica(breaks);
        FrontFixture front = FrontFixture.of(replica);
        RawClient client = new RawClient(front.data())) {
      client.send(POST);
      client.head();
      assertThat(client.rest()).isEqualTo("part");
    }
  }

  @Test
  void aReplicaThatDoesNotBeginInTimeIsAnswered504AndNoOtherGetsTheRequest() throws Exception {
    try (ScriptedReplica one = new ScriptedReplica(silentAfter(""));
        ScriptedReplica two = new ScriptedReplica(silentAfter(""));
        FrontFixture front = FrontFixture.of(Map.of("first_byte_timeout_s", "1"), one, two)) {
      RawClient.Answer answer = RawClient.exchange(front.data(), POST);

      assertThat(answer.status()).isEqualTo(504);
      assertThat(answer.text())
          .contains("no byte of an answer within 1000 ms", "upstream_first_byte_timeout");
      cancelled.await();
      assertThat(one.arrived.size() + two.arrived.size()).isEqualTo(1);
    }
  }

  @Test
  void aStreamThatFallsSilentEndsWithAnErrorEvent() throws Exception {
    try (ScriptedReplica replica = new ScriptedReplica(silentAfter(EVENTS + EVENT));
        FrontFixture front = FrontFixture.of(Map.of("idle_timeout_s", "1"), replica);
        RawClient client = new RawClient(front.data())) {
      client.send(POST);
      client.head();
      client.chunk();
      assertThat(client.chunk()).contains("upstream_idle_timeout", "1000 ms");
      assertThatThrownBy(client::chunk).isInstanceOf(IOException.class);
      cancelled.await();
    }
  }

  @Test
  void aReaderThatReadsNothingStopsItsReplicaAndLosesNothing() throws Exception {
    int chunks = 1000;
    byte[] chunk = ("10000\r\n" + "x".repeat(1 << 16) + "\r\n").getBytes(US_ASCII);
    AtomicLong written = new AtomicLong();
    ScriptedReplica.Script large =
        (_, connection) -> {
          connection.write(EVENTS);
          for (int i = 0; i < chunks; i++) {
            connection.out.write(chunk);
            written.addAndGet(chunk.length);
          }
          connection.write("0\r\n\r\n");
        };
    try (ScriptedReplica replica = new ScriptedReplica(large);
        FrontFixture front = FrontFixture.of(replica);
        RawClient client = new RawClient(front.data());
        RawClient beside = new RawClient(front.data())) {
      client.socket.setReceiveBufferSize(1 << 16);
      client.send(POST);
      client.head();
      long before;
      do { // Until it does not change, or seems so on a busy machine.
        before = written.get();
        Thread.sleep(200);
      } while (written.get() > before);
      assertThat(written.get()).isLessThan((long) chunks * chunk.length / 2);
      assertThat(beside.ask(RawClient.get("/health")).status()).isEqualTo(200);

      for (int i = 0; i < chunks; i++) {
        assertThat(client.chunk()).hasSize(1 << 16);
      }
      assertThat(client.chunk()).isEmpty();
    }
  }

  @Test
  void bodiesThatWaitForAnAnswerAreBounded() throws Exception {
    try (ScriptedReplica replica = new ScriptedReplica(silentAfter(""));
        FrontFixture front =
            FrontFixture.of(Map.of("max_body_bytes", "1000", "max_held_bytes", "1500"), replica);
        RawClient first = new RawClient(front.data())) {
      first.send(RawClient.post("/", "x".repeat(1000)));
      FrontFixture.await("the request", () -> !replica.arrived.isEmpty());

      RawClient.Answer answer =
          RawClient.exchange(front.data(), RawClient.post("/", "x".repeat(1000)));
      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.text()).contains("holds", "at most 1500");
    }
  }

  @Test
  void aFrontThatIsClosedLetsARunningAnswerEnd() throws Exception {
    CountDownLatch goOn = new CountDownLatch(1);
    ScriptedReplica.Script script =
        (_, connection) -> {
          connection.write(EVENTS + EVENT);
          try {
            goOn.await();
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
          connection.write(EVENT + "0\r\n\r\n");
        };
    try (ScriptedReplica replica = new ScriptedReplica(script);
        FrontFixture front = FrontFixture.of(Map.of("drain_timeout_s", "50"), replica);
        RawClient client = new RawClient(front.data())) {
      client.send(POST);
      client.head();
      client.chunk();
      Thread closing = Thread.ofPlatform().start(front::close);
      FrontFixture.await("no more connections", () -> !accepts(front));
      goOn.countDown();

      assertThat(client.rest()).isEqualTo(EVENT + "0\r\n\r\n");
      closing.join();
    }
  }

  private static boolean accepts(FrontFixture front) {
    try (RawClient _ = new RawClient(front.data())) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
