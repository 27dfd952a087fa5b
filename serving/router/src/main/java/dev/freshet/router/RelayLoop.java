package dev.freshet.router;

import dev.freshet.fleet.RoutingTable;
import dev.freshet.http.ByteBudget;
import dev.freshet.http.ClientTls;
import dev.freshet.http.Exchange;
import dev.freshet.http.Transport;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.OneLine;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * The relays of one event loop of the data listener: their connections to replicas, those that wait
 * for a replica, and their deadlines. A request, its connection to the replica and its answer never
 * leave the loop. Deadlines are checked once a tick, and so are exact to a tick. Confined to its
 * event loop, except for the constructor.
 */
final class RelayLoop {
  private static final Duration LONGEST_TICK = Duration.ofSeconds(1);
  private static final Duration SHORTEST_TICK = Duration.ofMillis(10);

  /** The shortest deadline has at least so many ticks. */
  private static final int TICKS = 8;

  /** Bytes queued for a replica's socket above which its connection is not writable. */
  private static final int UNSENT_BYTES = 64 << 10;

  /**
   * The kernel's receive buffer of a connection to a replica. After the replica has closed, the
   * rest of it is read at once, also for a client that is behind.
   */
  private static final int RECEIVE_BUFFER_BYTES = 256 << 10;

  /** Reads of a connection, of 64 KiB at most, before the client's is flushed and looked at. */
  private static final int MAX_READS = 4;

  /** Relays read one after another before their clients' connections are flushed. */
  private static final int MAX_UNFLUSHED = 64;

  /**
   * What the loops of a front share.
   *
   * @param policyModel the model that clients name to get the policy
   */
  record Shared(
      Supplier<Candidates> table,
      Policy policy,
      String policyModel,
      RelayLimits limits,
      RouterMetrics metrics,
      AtomicInteger queued,
      ByteBudget bodies,
      MonotonicClock clock) {}

  private final EventLoop loop;
  private final Shared shared;
  private final UpstreamPool pool = new UpstreamPool();
  private final Set<Relay> active = new LinkedHashSet<>();
  private final Queue<Relay> waiting = new ArrayDeque<>();
  private final Queue<Relay> unflushed = new ArrayDeque<>(MAX_UNFLUSHED);
  private final Runnable flusher = this::flush;

  /** Whether {@link #flusher} is queued. */
  private boolean flushQueued;

  private final long tickNanos;
  private int tick;
  private boolean draining;
  private Optional<Future<?>> ticker = Optional.empty();

  RelayLoop(EventLoop loop, Shared shared) {
    this.loop = loop;
    this.shared = shared;
    RelayLimits limits = shared.limits();
    long shortest =
        List.of(limits.firstByte(), limits.idle(), limits.queue(), limits.keep()).stream()
            .mapToLong(Duration::toNanos)
            .min()
            .orElseThrow();
    this.tickNanos = Math.clamp(shortest / TICKS, SHORTEST_TICK.toNanos(), LONGEST_TICK.toNanos());
  }

  /** Begins to count ticks. */
  void start() {
    ticker =
        Optional.of(
            loop.scheduleAtFixedRate(this::nextTick, tickNanos, tickNanos, TimeUnit.NANOSECONDS));
  }

  private void nextTick() {
    tick++;
    pool.closeIdleSince(tick - ticks(shared.limits().keep()));
    List.copyOf(active).forEach(Relay::checkDeadline);
  }

  /** The current tick, from which deadlines are counted. */
  int tick() {
    return tick;
  }

  /** Whether {@code deadline} has passed since {@code sinceTick}. */
  boolean hasPassed(Duration deadline, int sinceTick) {
    return tick - sinceTick > ticks(deadline);
  }

  private int ticks(Duration deadline) {
    return (int) Math.min(Integer.MAX_VALUE / 2, Math.ceilDiv(deadline.toNanos(), tickNanos));
  }

  RelayLimits limits() {
    return shared.limits();
  }

  RouterMetrics metrics() {
    return shared.metrics();
  }

  MonotonicClock clock() {
    return shared.clock();
  }

  /** The bodies that are held for requests without an answer. */
  ByteBudget bodies() {
    return shared.bodies();
  }

  UpstreamPool pool() {
    return pool;
  }

  /** Relays a request and its answer. */
  void relay(RoutedRequest request, Exchange exchange) {
    Relay relay = new Relay(this, request, exchange);
    active.add(relay);
    relay.begin();
  }

  /**
   * The replica of a request.
   *
   * @param model what the request must name there to get the policy, if a version is a model
   */
  record Choice(Upstream upstream, Optional<String> model) {}

  /** Chooses a replica that may take the request now. */
  Optional<Choice> choose(RoutedRequest request, Set<Upstream> except) {
    Candidates now = shared.table().get();
    List<Upstream> candidates = now.of(request.minVersion(), except);
    if (candidates.isEmpty()) {
      return Optional.empty();
    }
    Upstream chosen = shared.policy().choose(request, candidates);
    request.endedSession().ifPresent(shared.policy()::finishSession);
    return Optional.of(new Choice(chosen, model(now, chosen)));
  }

  private static Optional<String> model(Candidates now, Upstream upstream) {
    return now.route(upstream).flatMap(RoutingTable.Route::model);
  }

  /** The request as a replica gets it: for the version that is committed now. */
  RelayedRequest forReplica(RelayedRequest request, Choice choice) {
    return model(shared.table().get(), choice.upstream())
        .or(choice::model)
        .map(model -> request.ofModel(shared.policyModel(), model))
        .orElse(request);
  }

  /** Whether replicas are held back that will get requests again. */
  boolean isHeld() {
    return shared.table().get().isHeld();
  }

  /** Queues a relay until a replica may take it; false if the queue is full. */
  boolean await(Relay relay) {
    if (shared.queued().incrementAndGet() > shared.limits().maxQueued()) {
      shared.queued().decrementAndGet();
      return false;
    }
    waiting.add(relay);
    return true;
  }

  /** The replicas or their states have changed: relays that wait try again, in order. */
  void replicasChanged() {
    int count = waiting.size();
    for (int i = 0; i < count && !waiting.isEmpty(); i++) {
      Relay next = waiting.remove();
      shared.queued().decrementAndGet();
      next.route();
    }
  }

  /** Sends the request of {@code relay} to {@code upstream}, on a kept connection if it may. */
  void connect(Relay relay, Upstream upstream, boolean mayBeKept) {
    Optional<UpstreamConnection> kept = mayBeKept ? pool.take(upstream) : Optional.empty();
    if (kept.isPresent()) {
      relay.connected(kept.get(), true);
      return;
    }
    List<InetSocketAddress> sockets = upstream.sockets();
    if (sockets.isEmpty()) {
      relay.notConnected(new UnknownHostException("its name does not resolve"));
    } else {
      connect(relay, new UpstreamConnection(this, upstream), sockets, 0);
    }
  }

  private void connect(
      Relay relay, UpstreamConnection connection, List<InetSocketAddress> sockets, int next) {
    ChannelFuture connecting = bootstrap(connection).connect(sockets.get(next));
    var _ =
        connecting.addListener(
            _ -> {
              if (connecting.isSuccess()) {
                verified(relay, connection, connecting.channel());
              } else if (next + 1 < sockets.size()) {
                connect(
                    relay, new UpstreamConnection(this, connection.upstream()), sockets, next + 1);
              } else {
                relay.notConnected(connecting.cause());
              }
            });
  }

  /** Begins the exchange once a replica that speaks TLS is verified. */
  private static void verified(Relay relay, UpstreamConnection connection, Channel channel) {
    var _ =
        ClientTls.ready(channel)
            .addListener(
                ready -> {
                  if (ready.isSuccess()) {
                    relay.connected(connection, false);
                  } else {
                    relay.notConnected(new ConnectException("TLS: " + OneLine.of(ready.cause())));
                  }
                });
  }

  private Bootstrap bootstrap(UpstreamConnection connection) {
    Bootstrap connecting =
        Transport.connecting(loop)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.AUTO_CLOSE, false) // Not before an early answer is read.
            .option(ChannelOption.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            .option(
                ChannelOption.RECVBUF_ALLOCATOR,
                new AdaptiveRecvByteBufAllocator().maxMessagesPerRead(MAX_READS))
            .option(
                ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) shared.limits().connect().toMillis())
            .option(
                ChannelOption.WRITE_BUFFER_WATER_MARK,
                new WriteBufferWaterMark(UNSENT_BYTES / 2, UNSENT_BYTES))
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    UpstreamAddress address = connection.upstream().address();
                    if (address.isSecure()) {
                      channel
                          .pipeline()
                          .addLast(ClientTls.ofProcess().handler(address.host(), address.port()));
                    }
                    channel.pipeline().addLast(connection);
                  }
                });
    return connecting;
  }

  /**
   * Flushes the client's connection of {@code relay} once the loop has read what has arrived for
   * other relays too. Sends right after one another wake and switch to a client on this host less
   * often than a send after each read.
   */
  void flushSoon(Relay relay) {
    if (!flushQueued) {
      flushQueued = true;
      loop.execute(flusher);
    }
    unflushed.add(relay);
    if (unflushed.size() >= MAX_UNFLUSHED) {
      flush();
    }
  }

  private void flush() {
    flushQueued = false; // Before the writes, which may lead to more of them.
    for (Relay next = unflushed.poll(); next != null; next = unflushed.poll()) {
      next.flush();
    }
  }

  /** A relay has ended. */
  void ended(Relay relay) {
    active.remove(relay);
    if (waiting.remove(relay)) {
      shared.queued().decrementAndGet();
    }
  }

  /** Whether the front is shutting down: no request waits any more. */
  boolean isDraining() {
    return draining;
  }

  /** Fails the requests that wait; the others continue. */
  void drain() {
    draining = true;
    replicasChanged();
  }

  /** Closes the unused connections and stops counting. */
  void close() {
    ticker.ifPresent(timer -> timer.cancel(false));
    pool.close();
  }
}
