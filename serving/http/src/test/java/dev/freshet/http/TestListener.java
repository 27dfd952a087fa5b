package dev.freshet.http;

import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.TraceParent;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A listener with three routes: {@code /echo} answers what it was asked, {@code /slow} is answered
 * by {@link #finish}, {@code /events} is a stream that stays silent until then.
 */
final class TestListener implements AutoCloseable {
  static final InetSocketAddress ANY_PORT =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  private static final Duration END = Duration.ofSeconds(2);

  final Listener listener;

  /** Exchanges that wait for {@link #finish}, in order of arrival. */
  final Queue<Held> held = new ConcurrentLinkedQueue<>();

  /** An exchange that is not answered yet. */
  final class Held implements Exchange.Watcher {
    private final Request request;
    private final Exchange exchange;

    Held(Request request, Exchange exchange) {
      this.request = request;
      this.exchange = exchange;
      exchange.watch(this);
      if (request.path().equals("/events")) {
        exchange.beginEvents();
      }
    }

    void finish() {
      exchange.loop().execute(this::end);
    }

    /** Ends the stream as if its source had broken off. */
    void breakOff() {
      exchange
          .loop()
          .execute(
              () -> {
                exchange.brokenOff();
                exchange.endEncoded(false);
              });
    }

    private void end() {
      if (request.path().equals("/events")) {
        exchange.writeChunk("data: last\n\n".getBytes(StandardCharsets.US_ASCII));
        exchange.endEvents();
      } else {
        exchange.answer(200, "{\"slow\":true}".getBytes(StandardCharsets.US_ASCII));
      }
    }

    @Override
    public void disconnected() {
      held.remove(this);
    }

    @Override
    public void writable() {}
  }

  TestListener() {
    this(HttpLimits.DEFAULT);
  }

  TestListener(HttpLimits limits) {
    this(limits, BrowserGuard.ofOpen(ANY_PORT, List.of()));
  }

  TestListener(HttpLimits limits, BrowserGuard guard) {
    this(new Binding(ANY_PORT, limits, guard));
  }

  TestListener(Tls tls) {
    this(
        new Binding(
            ANY_PORT,
            HttpLimits.DEFAULT,
            BrowserGuard.ofOpen(ANY_PORT, List.of()),
            Optional.of(tls),
            RequestLog.OFF));
  }

  TestListener(RequestLog requests) {
    this(
        new Binding(
            ANY_PORT,
            HttpLimits.DEFAULT,
            BrowserGuard.ofOpen(ANY_PORT, List.of()),
            Optional.empty(),
            requests));
  }

  private TestListener(Binding at) {
    listener = Listener.ofOne("test", new ConnectionCap.CloseIdlest(64));
    listener.bind(at, new TestRoutes(), MonotonicClock.SYSTEM);
  }

  InetSocketAddress address() {
    return listener.address();
  }

  /** Answers the oldest exchange that waits. */
  void finish() {
    held.remove().finish();
  }

  private final class TestRoutes implements Routes {
    @Override
    public void arrived(String path, TraceId trace, Optional<TraceParent> parent, long recvNanos) {}

    @Override
    public void handle(Request request, Exchange exchange) {
      switch (request.path()) {
        case "/echo" -> {
          request.require("POST");
          exchange.answer(200, request.body());
        }
        case "/", "/names/a b/c" -> {
          request.require("GET");
          exchange.answer(
              200,
              ("\"" + request.path() + request.query() + "\"").getBytes(StandardCharsets.UTF_8));
        }
        case "/slow", "/events" -> held.add(new Held(request, exchange));
        case "/bug" -> throw new StackOverflowError();
        default -> throw new ApiException(ApiError.noSuchRoute(request.path()));
      }
    }
  }

  @Override
  public void close() {
    listener.drain();
    listener.close(END);
  }
}
