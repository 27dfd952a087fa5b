package dev.freshet.http;

import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.TraceParent;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/**
 * Serves the {@link StatusPages} of a role that has no other routes. It is read-only and has no
 * authentication: every client that can reach its address may read it. It owns its socket and
 * threads.
 */
public final class StatusListener implements AutoCloseable {
  private static final int MAX_CONNECTIONS = 128;
  private static final int MAX_WATCHERS = 64;
  private static final Duration END = Duration.ofSeconds(2);

  private final Listener listener =
      Listener.ofOne("status", new ConnectionCap.CloseIdlest(MAX_CONNECTIONS));
  private final StatusPages pages;
  private final Optional<Tls> tls;

  private StatusListener(Optional<Tls> tls, MetricsRegistry registry, Optional<LivePage> page) {
    this.tls = tls;
    this.pages = new StatusPages(registry, page, MAX_WATCHERS);
  }

  /**
   * Listens until {@link #close}.
   *
   * @param address port 0 for any free port
   * @throws ListenException if the address cannot be bound; nothing stays open
   */
  public static StatusListener start(
      InetSocketAddress address,
      HttpConfig config,
      MetricsRegistry registry,
      Optional<LivePage> page) {
    Optional<Tls> tls = config.sslAdmin() ? config.tls() : Optional.empty();
    StatusListener status = new StatusListener(tls, registry, page);
    try {
      status.listener.bind(
          new Binding(
              address,
              HttpLimits.DEFAULT,
              BrowserGuard.ofOpen(address, config.allowedHosts()),
              tls,
              RequestLog.OFF),
          status.new StatusRoutes(),
          MonotonicClock.SYSTEM);
      return status;
    } catch (ListenException e) {
      status.close();
      throw e;
    }
  }

  /** Its root URL, for clients on this host. */
  public URI url() {
    return listener.url();
  }

  private final class StatusRoutes implements Routes {
    @Override
    public void arrived(String path, TraceId trace, Optional<TraceParent> parent, long recvNanos) {}

    @Override
    public void handle(Request request, Exchange exchange) {
      pages.handle(request, exchange);
    }
  }

  @Override
  public void close() {
    pages.close();
    listener.drain();
    listener.awaitDrained(END);
    listener.close(END);
    tls.ifPresent(Tls::close);
  }
}
