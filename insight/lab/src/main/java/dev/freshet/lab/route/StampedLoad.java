package dev.freshet.lab.route;

import dev.freshet.http.Transport;
import dev.freshet.lab.LabException;
import dev.freshet.trace.ThreadPriority;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Opens streams and keeps them open, on one event loop of its own, and measures how old each event
 * is on arrival.
 */
final class StampedLoad implements AutoCloseable {
  /** How many streams connect at once. */
  private static final int MAX_CONNECTING = 128;

  private static final int CONNECT_MS = 20_000;
  private static final Duration BEGIN = Duration.ofMinutes(2);
  private static final Duration END = Duration.ofSeconds(10);
  private static final long POLL_MS = 20;
  private static final String BODY =
      "{\"model\":\"synthetic\",\"prompt\":\"count\",\"max_tokens\":100000,\"stream\":true}";

  /** What was received since the one before. */
  record Window(Latencies latencies, double seconds) {}

  private final List<URI> servers;
  private final int streams;
  private final EventLoopGroup group = Transport.group("freshet-load", 1);
  private final EventLoop loop = group.next();
  private Latencies latencies = new Latencies();
  private long sinceNanos = System.nanoTime();
  private int opened;
  private int connecting;
  private final AtomicInteger begun = new AtomicInteger();
  private final AtomicInteger failed = new AtomicInteger();
  private volatile boolean closing;

  /**
   * Begins to open streams.
   *
   * @param servers which get them in turn
   */
  StampedLoad(List<URI> servers, int streams) {
    this.servers = List.copyOf(servers);
    this.streams = streams;
    loop.execute(
        () -> {
          ThreadPriority.lower(ThreadPriority.STREAMS);
          connect();
        });
  }

  private void connect() {
    while (connecting < MAX_CONNECTING && opened < streams && !closing) {
      URI server = servers.get(opened % servers.size());
      opened++;
      connecting++;
      var _ =
          Transport.connecting(loop)
              .option(ChannelOption.TCP_NODELAY, true)
              .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MS)
              .handler(new StampedStream(this, request(server, "/v1/completions")))
              .connect(new InetSocketAddress(server.getHost(), server.getPort()))
              .addListener(
                  connected -> {
                    if (!connected.isSuccess()) {
                      ended(false);
                    }
                  });
    }
  }

  /** The whole request for a stream. */
  static byte[] request(URI server, String path) {
    return """
    POST %s HTTP/1.1\r
    host: %s\r
    content-type: application/json\r
    content-length: %d\r
    \r
    %s\
    """
        .formatted(path, server.getAuthority(), BODY.length(), BODY)
        .getBytes(StandardCharsets.US_ASCII);
  }

  /** A stream has got its first event. */
  void began() {
    begun.incrementAndGet();
    connecting--;
    connect();
  }

  /** An event has arrived. */
  void event(long ageNanos) {
    latencies.add(ageNanos);
  }

  /** A stream has ended, or could not begin. */
  void ended(boolean hadBegun) {
    if (closing) {
      return;
    }
    failed.incrementAndGet();
    if (!hadBegun) {
      connecting--;
      connect();
    }
  }

  /** Waits until every stream has got an event. */
  void awaitBegun() throws InterruptedException {
    long end = System.nanoTime() + BEGIN.toNanos();
    while (begun.get() < streams) {
      if (failed.get() > 0 || System.nanoTime() - end > 0) {
        throw new LabException(
            "%d of %d streams began, %d failed, within %d s"
                .formatted(begun.get(), streams, failed.get(), BEGIN.toSeconds()));
      }
      Thread.sleep(POLL_MS);
    }
  }

  /** Streams that failed so far. */
  int failed() {
    return failed.get();
  }

  /** Ends a window and begins the next. */
  Window next() {
    return CompletableFuture.supplyAsync(
            () -> {
              long now = System.nanoTime();
              Window window = new Window(latencies, (now - sinceNanos) / 1e9);
              latencies = new Latencies();
              sinceNanos = now;
              return window;
            },
            loop)
        .orTimeout(END.toMillis(), TimeUnit.MILLISECONDS)
        .join();
  }

  @Override
  public void close() {
    closing = true;
    Transport.close(group, END);
  }
}
