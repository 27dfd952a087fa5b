package dev.freshet.client;

import dev.freshet.http.ClientTls;
import dev.freshet.http.Transport;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.Bearer;
import dev.freshet.wire.CompletionRequest;
import io.netty.channel.EventLoopGroup;
import java.net.InetAddress;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * Streams completions from any number of servers over keep-alive connections, one completion per
 * connection at a time. It opens as many connections as there are running calls, which the caller
 * bounds. Admin calls never use its event loops and connections.
 *
 * <p>The memory of a call is bounded: an event by {@value CompletionAssembler#MAX_EVENT_BYTES}
 * bytes, the tokens by the request's {@code max_tokens}. A request on a kept connection that the
 * server closes before it answers is sent once more on a fresh connection; nothing else is
 * repeated. Thread-safe.
 */
public final class StreamingClient implements AutoCloseable {
  private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(5);

  private final MonotonicClock clock;
  private final EventLoopGroup loops;
  private final ConnectionPool pool;
  private final Set<StreamCall> calls = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /** A client with one event loop, enough for some thousand streams. */
  public StreamingClient() {
    this(1, MonotonicClock.SYSTEM);
  }

  /** The same, whose requests carry an API key if there is one. */
  public StreamingClient(Optional<String> apiKey) {
    this(1, MonotonicClock.SYSTEM, InetAddress::getAllByName, apiKey, ClientTls::ofProcess);
  }

  /** A client with {@code threads} event loops. */
  public StreamingClient(int threads, MonotonicClock clock) {
    this(threads, clock, InetAddress::getAllByName);
  }

  StreamingClient(int threads, MonotonicClock clock, HostNames.Resolver resolver) {
    this(threads, clock, resolver, Optional.empty(), ClientTls::ofProcess);
  }

  StreamingClient(
      int threads,
      MonotonicClock clock,
      HostNames.Resolver resolver,
      Optional<String> apiKey,
      Supplier<ClientTls> tls) {
    this.clock = clock;
    this.loops = Transport.group("freshet-stream-client", threads);
    this.pool = new ConnectionPool(resolver, apiKey.map(Bearer::header), tls);
  }

  /**
   * Sends {@code request} to {@code /v1/completions} of {@code server} (such as {@code
   * http://127.0.0.1:8000}) and streams its answer; the request's own streaming and usage options
   * are overridden. Does not block. A server of an {@code https} URL is verified by {@link
   * ClientTls}.
   *
   * @param deadline from now to the end of the answer
   */
  public Call start(URI server, CompletionRequest request, Duration deadline) {
    return start(server, GenerationRoute.COMPLETIONS, request, deadline);
  }

  /**
   * As {@link #start(URI, CompletionRequest, Duration)}, on another route.
   *
   * @throws dev.freshet.wire.WireException if the route cannot carry the request
   */
  public Call start(
      URI server, GenerationRoute route, CompletionRequest request, Duration deadline) {
    StreamCall call =
        new StreamCall(Origin.of(server), route, request, deadline, clock, loops.next(), pool);
    calls.add(call);
    var _ = call.result().whenComplete((completion, error) -> calls.remove(call));
    if (closed) {
      call.cancel();
    } else {
      call.begin();
    }
    return call;
  }

  /** Cancels all calls and closes all connections. */
  @Override
  public void close() {
    closed = true;
    calls.forEach(StreamCall::cancel);
    pool.close();
    Transport.close(loops, CLOSE_DEADLINE);
  }
}
