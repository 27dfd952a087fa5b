package dev.freshet.trace.spans;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The collector is the only fake. */
@Timeout(60)
class SpanExportTest {
  private static final int MANY = 20_000;

  private static final Span SPAN =
      new Span(
          "inference",
          "0000000000000000000000000000aaaa",
          "00000000000000bb",
          "",
          Span.Kind.SERVER,
          "update_weights",
          1,
          2,
          Map.of(),
          "");

  @Test
  void spansThatACollectorAcceptsAreNotDropped() throws IOException {
    AtomicInteger requests = new AtomicInteger();
    HttpServer collector = HttpServer.create(loopback(), 0);
    collector.createContext(
        "/v1/traces",
        exchange -> {
          requests.incrementAndGet();
          exchange.getRequestBody().readAllBytes();
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    collector.start();
    SpanExport export = new SpanExport(uri(collector.getAddress().getPort()));
    for (int i = 0; i < 1000; i++) {
      export.accept(SPAN);
    }
    export.close();
    collector.stop(0);

    assertThat(requests).hasPositiveValue();
    assertThat(export.dropped()).isZero();
  }

  @Test
  void acceptingSpansNeverBlocksOnACollectorThatDoesNotAnswer() throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    HttpServer collector = HttpServer.create(loopback(), 0);
    collector.createContext(
        "/v1/traces",
        _ -> {
          try {
            over.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    collector.start();
    SpanExport export = new SpanExport(uri(collector.getAddress().getPort()));
    for (int i = 0; i < MANY; i++) {
      export.accept(SPAN); // Would never return if it blocked on the collector.
    }
    long droppedAtOnce = export.dropped();
    export.close();
    over.countDown();
    collector.stop(0);

    assertThat(droppedAtOnce).isBetween(MANY / 2L, (long) MANY);
    assertThat(export.dropped()).as("in the end nothing arrived").isEqualTo(MANY);
  }

  @Test
  void withoutACollectorAllSpansAreDroppedAndCounted() throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    SpanExport export = new SpanExport(uri(port));
    export.accept(SPAN);
    export.close();
    export.accept(SPAN);

    assertThat(export.dropped()).isEqualTo(2);
  }

  private static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  private static URI uri(int port) {
    return URI.create("http://127.0.0.1:" + port);
  }
}
