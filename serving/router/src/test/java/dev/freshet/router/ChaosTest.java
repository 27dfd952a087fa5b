package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Replicas behind a network that delays, cuts and resets at random: what a client takes for a whole
 * answer is one, and no two replicas work on a request at once.
 */
@Timeout(120)
class ChaosTest {
  private static final int CLIENTS = 8;
  private static final int REQUESTS = 40;

  /** Requests at work now, by their ids. */
  private final Map<String, AtomicInteger> working = new ConcurrentHashMap<>();

  /** Requests on which two replicas worked at once. */
  private final List<String> twice = new CopyOnWriteArrayList<>();

  private final AtomicInteger whole = new AtomicInteger();
  private final AtomicInteger broken = new AtomicInteger();

  private static String event(String id, int i) {
    return "data: %s %d %s\n\n".formatted(id, i, "x".repeat(i * 7 % 50));
  }

  private static String stream(String id) {
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < 10; i++) {
      String event = event(id, i);
      all.append(Integer.toHexString(event.length())).append("\r\n").append(event).append("\r\n");
    }
    return all.append("0\r\n\r\n").toString();
  }

  private ScriptedReplica.Script chaos(long seed) {
    Random random = new Random(seed);
    return (request, connection) -> {
      String id = request.header("x-request-id");
      AtomicInteger atWork = working.computeIfAbsent(id, _ -> new AtomicInteger());
      if (atWork.incrementAndGet() > 1) {
        twice.add(id);
      }
      answer(id, connection, random, atWork::decrementAndGet);
    };
  }

  private static synchronized int draw(Random random, int below) {
    return random.nextInt(below);
  }

  /**
   * @param ended called before the front can know that the work has ended
   */
  private static void answer(
      String id, ScriptedReplica.Connection connection, Random random, Runnable ended)
      throws IOException {
    String all =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
            + stream(id);
    switch (draw(random, 10)) {
      case 0 -> {
        ended.run();
        connection.reset();
      }
      case 1 -> {
        ended.run();
        connection.socket.close();
      }
      case 2 -> {
        connection.write(all.substring(0, draw(random, all.length())));
        ended.run();
        connection.reset();
      }
      case 3 -> {
        connection.write(all.substring(0, draw(random, all.length())));
        ended.run();
        connection.socket.close();
      }
      case 4 -> {
        ended.run();
        connection.write("garbage\r\n\r\n");
      }
      default -> {
        ended.run();
        for (int at = 0; at < all.length(); ) {
          int size = Math.min(all.length() - at, 1 + draw(random, 200));
          connection.write(all.substring(at, at + size));
          Thread.onSpinWait();
          at += size;
        }
      }
    }
  }

  private void request(FrontFixture front, String id) throws IOException {
    try (RawClient client = new RawClient(front.data())) {
      client.send(RawClient.post("/v1/completions", "{}", "X-Request-Id: " + id));
      RawClient.Head head = client.head();
      if (head.status() != 200) {
        assertThat(head.status()).isIn(502, 503);
        broken.incrementAndGet();
        return;
      }
      StringBuilder events = new StringBuilder();
      try {
        for (String chunk = client.chunk(); !chunk.isEmpty(); chunk = client.chunk()) {
          events.append(chunk);
        }
      } catch (IOException e) {
        broken.incrementAndGet();
        return;
      }
      StringBuilder expected = new StringBuilder();
      for (int i = 0; i < 10; i++) {
        expected.append(event(id, i));
      }
      assertThat(events).hasToString(expected.toString());
      whole.incrementAndGet();
    } catch (SocketException e) {
      broken.incrementAndGet();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void aWholeAnswerIsWholeAndABrokenOneLooksBroken(long seed) throws Exception {
    try (ScriptedReplica one = new ScriptedReplica(chaos(seed));
        ScriptedReplica two = new ScriptedReplica(chaos(seed + 100));
        ScriptedReplica three = new ScriptedReplica(chaos(seed + 200));
        FrontFixture front = FrontFixture.of(Map.of("keep_alive_ms", "600000"), one, two, three);
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
      List<Future<?>> running = new ArrayList<>();
      for (int c = 0; c < CLIENTS; c++) {
        String client = "c" + c;
        running.add(
            clients.submit(
                () -> {
                  for (int r = 0; r < REQUESTS; r++) {
                    request(front, client + "r" + r);
                  }
                  return 0;
                }));
      }
      for (Future<?> client : running) {
        client.get();
      }
      assertThat(twice).isEmpty();
      assertThat(whole.get() + broken.get()).isEqualTo(CLIENTS * REQUESTS);
      assertThat(whole.get()).isGreaterThan(CLIENTS * REQUESTS / 4);
      for (ScriptedReplica replica : List.of(one, two, three)) {
        String series = "freshet_route_in_flight{replica=\"%s\"}".formatted(replica.name());
        FrontFixture.await("nothing in flight", () -> front.metric(series) == 0);
      }
    }
  }
}
