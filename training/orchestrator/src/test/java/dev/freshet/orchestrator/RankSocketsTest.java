package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.rollouts.BatchException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.zeromq.SocketType;
import org.zeromq.ZContext;
import org.zeromq.ZMQ;

/** The ranks of prime-rl's trainer, whose side of the protocol is played here. */
@Timeout(60)
class RankSocketsTest {
  private static final String HOST = "127.0.0.1";
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final int RECEIVE_MILLIS = 30_000;

  @Test
  void everyRankGetsItsOwnBatchOnceAllHaveAnnouncedThemselves() throws Exception {
    int port = freePorts();
    try (RankSockets sockets = new RankSockets(HOST, port, 2, LONG);
        Rank zero = new Rank(port, 0);
        Rank one = new Rank(port, 1)) {
      sockets.send(1, List.of(bytes("a0"), bytes("a1")), () -> false);
      one.acknowledge(1);
      sockets.send(2, List.of(bytes("b0"), bytes("b1")), () -> false);

      assertThat(zero.receive()).containsExactly("data_rank|0|", "a0");
      assertThat(zero.receive()).containsExactly("data_rank|0|", "b0");
      assertThat(one.receive()).containsExactly("data_rank|1|", "a1");
      assertThat(one.receive()).containsExactly("data_rank|1|", "b1");
    }
  }

  @Test
  void aRankThatIsMissingAtTheDeadlineIsNamed() throws Exception {
    int port = freePorts();
    try (RankSockets sockets = new RankSockets(HOST, port, 2, Duration.ofSeconds(1));
        Rank _ = new Rank(port, 1)) {
      assertThatThrownBy(() -> sockets.send(1, List.of(bytes("a0"), bytes("a1")), () -> false))
          .isInstanceOf(BatchException.class)
          .hasMessageMatching(
              "tcp://127.0.0.1:%d: batch 1: within 1 s ranks \\[1?] announced themselves and \\[1?] subscribed, expected 0 to 1: start prime-rl's trainer .*"
                  .formatted(port));
    }
  }

  @Test
  void theEndOfTheRunEndsTheWaitForTheRanks() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    try (RankSockets sockets = new RankSockets(HOST, freePorts(), 1, LONG)) {
      sockets.send(1, List.of(bytes("a")), () -> asked.incrementAndGet() == 3);
    }
    assertThat(asked).hasValue(3);
  }

  @Test
  void aPortThatIsTakenIsAnErrorThatNamesTheKey() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThatThrownBy(() -> new RankSockets(HOST, taken.getLocalPort(), 1, LONG))
          .isInstanceOf(BatchException.class)
          .hasMessageStartingWith("tcp://127.0.0.1:" + taken.getLocalPort())
          .hasMessageEndingWith("see orchestrator.prime_rl.port");
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** The first of two adjacent ports that are free. */
  private static int freePorts() throws IOException {
    InetAddress host = InetAddress.getLoopbackAddress();
    while (true) {
      try (ServerSocket first = new ServerSocket(0, 1, host)) {
        try (ServerSocket _ = new ServerSocket(first.getLocalPort() + 1, 1, host)) {
          return first.getLocalPort();
        } catch (IOException | IllegalArgumentException e) {
          // The port above is taken, or there is none: another pair.
        }
      }
    }
  }

  /** A rank: subscribes, then announces itself. */
  private static final class Rank implements AutoCloseable {
    private final int rank;
    private final ZContext context = new ZContext();
    private final ZMQ.Socket data = context.createSocket(SocketType.SUB);
    private final ZMQ.Socket control = context.createSocket(SocketType.PUSH);

    Rank(int port, int rank) {
      this.rank = rank;
      data.setReceiveTimeOut(RECEIVE_MILLIS);
      data.connect("tcp://%s:%d".formatted(HOST, port));
      data.subscribe("data_rank|%d|".formatted(rank));
      control.connect("tcp://%s:%d".formatted(HOST, port + 1));
      control.send(Integer.toString(rank));
    }

    void acknowledge(long step) {
      control.send("ack|%d|%d".formatted(rank, step));
    }

    List<String> receive() {
      return List.of(String.valueOf(data.recvStr()), String.valueOf(data.recvStr()));
    }

    @Override
    public void close() {
      context.close();
    }
  }
}
