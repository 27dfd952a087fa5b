package dev.freshet.lab.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class StreamLoadTest {
  private static final String HEAD = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
  private static final String EVENTS = "8\r\ndata: x\n\r\n1\r\n\n\r\nB\r\ndata: yy\n\n\r\n";
  private static final String END = "E\r\ndata: [DONE]\n\n\r\n0\r\n\r\n";

  /** What the server does with a connection after it has read the request. */
  private interface Script {
    void run(OutputStream out) throws IOException;
  }

  private final AtomicInteger accepted = new AtomicInteger();
  private ServerSocket server;

  @BeforeEach
  void listen() throws IOException {
    server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  }

  @AfterEach
  void close() throws IOException {
    server.close();
  }

  @Test
  void everyEventIsCountedHoweverItsBytesAreSplit() throws Exception {
    serve(
        out -> {
          for (byte one : (HEAD + EVENTS + EVENTS).getBytes(StandardCharsets.US_ASCII)) {
            out.write(one);
          }
          hold();
        });
    try (StreamLoad load = StreamLoad.steady(url(), 3, 5)) {
      load.awaitBegun(3);
      await(load, 3 * 4);

      assertThat(load.counts().events()).isEqualTo(3 * 4);
      assertThat(load.counts().failed()).isZero();
      assertThat(load.counts().streaming()).isEqualTo(3);
    }
  }

  @Test
  void aStreamThatEndsIsReplacedAndDoesNotCountAsAFailure() throws Exception {
    serve(
        out -> {
          out.write((HEAD + EVENTS + END).getBytes(StandardCharsets.US_ASCII));
          if (accepted.get() > 20) {
            hold();
          }
        });
    try (StreamLoad load = StreamLoad.steady(url(), 2, 5)) {
      await(load, 2 * 20);

      assertThat(load.counts().failed()).isZero();
    }
  }

  @Test
  void theNumberOfStreamsFollowsTheTargetWithoutFailures() throws Exception {
    serve(
        out -> {
          out.write((HEAD + EVENTS).getBytes(StandardCharsets.US_ASCII));
          hold();
        });
    try (StreamLoad load = new StreamLoad(url(), 2, LoadShape.steady(5), new FairPool(7))) {
      awaitStreaming(load, 2);

      load.setStreams(7, Duration.ZERO);
      awaitStreaming(load, 7);
      load.setStreams(3, Duration.ZERO);
      awaitStreaming(load, 3);
      load.setStreams(0, Duration.ZERO);
      awaitStreaming(load, 0);

      assertThat(load.counts().begun()).isEqualTo(7);
      assertThat(load.counts().failed()).isZero();
    }
  }

  @Test
  void streamsThatWaitForAConnectionFollowTheTargetToo() throws Exception {
    serve(
        out -> {
          out.write((HEAD + EVENTS).getBytes(StandardCharsets.US_ASCII));
          hold();
        });
    FairPool pool = new FairPool(2);
    try (StreamLoad load = new StreamLoad(url(), 5, LoadShape.steady(5), pool)) {
      awaitStreaming(load, 2);
      assertThat(pool.waiting()).isEqualTo(3);

      load.setStreams(
          1, Duration.ZERO); // Both streams disconnect; one of the three that wait may start.
      awaitStreaming(load, 1);
      while (pool.waiting() > 0) {
        Thread.sleep(5);
      }

      assertThat(load.counts().begun()).isEqualTo(3);
      assertThat(load.counts().failed()).isZero();
    }
  }

  @Test
  void aRefusedStreamIsAFailureWithItsStatus() throws Exception {
    serve(
        out ->
            out.write(
                "HTTP/1.1 503 Busy\r\n\r\n{\"error\":{\"message\":\"8 wait already\"}}"
                    .getBytes(StandardCharsets.US_ASCII)));
    try (StreamLoad load = StreamLoad.steady(url(), 1, 5)) {
      while (load.counts().failed() == 0) {
        Thread.sleep(5);
      }

      assertThat(load.counts().failure())
          .hasValueSatisfying(e -> assertThat(e).contains("503 Busy: 8 wait already"));
      assertThat(load.counts().events()).isZero();
    }
  }

  @Test
  void aStreamThatIsCutOffIsAFailure() throws Exception {
    serve(out -> out.write((HEAD + EVENTS).getBytes(StandardCharsets.US_ASCII)));
    try (StreamLoad load = StreamLoad.steady(url(), 1, 5)) {
      while (load.counts().failed() == 0) {
        Thread.sleep(5);
      }

      assertThat(load.counts().failure())
          .hasValueSatisfying(e -> assertThat(e).contains("before the stream's end"));
    }
  }

  private URI url() {
    return URI.create("http://127.0.0.1:" + server.getLocalPort());
  }

  private void serve(Script script) {
    Thread.startVirtualThread(
        () -> {
          while (!server.isClosed()) {
            try {
              Socket socket = server.accept();
              accepted.incrementAndGet();
              Thread.startVirtualThread(() -> serve(socket, script));
            } catch (IOException e) {
              return; // The test has ended.
            }
          }
        });
  }

  private static void serve(Socket socket, Script script) {
    try (socket) {
      socket.setTcpNoDelay(true);
      readRequest(socket.getInputStream());
      script.run(socket.getOutputStream());
    } catch (IOException e) {
      // The load has disconnected.
    }
  }

  private static void readRequest(InputStream in) throws IOException {
    StringBuilder read = new StringBuilder();
    while (!read.toString().endsWith("}")) {
      int b = in.read();
      if (b < 0) {
        throw new IOException("no request");
      }
      read.append((char) b);
    }
  }

  private void hold() {
    try {
      while (!server.isClosed()) {
        Thread.sleep(5);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void awaitStreaming(StreamLoad load, int streams) throws InterruptedException {
    while (load.counts().streaming() != streams) {
      Thread.sleep(5);
    }
  }

  private static void await(StreamLoad load, long events) throws InterruptedException {
    while (load.counts().events() < events) {
      Thread.sleep(5);
    }
  }
}
