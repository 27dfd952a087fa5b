package dev.freshet.http;

import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.ThreadPriority;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A listening socket with its connections, and the event loops and threads for TLS that it owns.
 */
public final class Listener {
  private static final int BACKLOG = 4096;

  /**
   * The kernel's send buffer of a connection. By default the kernel would buffer megabytes for a
   * reader that reads nothing, before the server notices.
   */
  private static final int SEND_BUFFER_BYTES = 64 << 10;

  /** Bytes queued in front of that buffer, above which a connection is not writable. */
  private static final int UNSENT_BYTES = 16 << 10;

  private static final int HANDSHAKE_THREADS = 2;

  private final String name;
  private final EventLoopGroup acceptor;
  private final EventLoopGroup loops;
  private final Handshakes handshakes;
  private final ConnectionCap cap;
  private final OverLimit overLimit = new OverLimit();
  private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private Optional<Channel> bound = Optional.empty();
  private boolean secure;

  private Listener(
      String name,
      EventLoopGroup acceptor,
      EventLoopGroup loops,
      Handshakes handshakes,
      ConnectionCap cap) {
    this.name = name;
    this.acceptor = acceptor;
    this.loops = loops;
    this.handshakes = handshakes;
    this.cap = cap;
  }

  /**
   * A listener for streams: one accepting thread and {@code threads} event loops of lowered
   * priority. It listens after {@link #bind}.
   *
   * @param name the name of the listener in threads and errors
   * @param sockets which the host has
   */
  public static Listener ofMany(String name, int threads, SocketApi sockets, ConnectionCap cap) {
    Listener listener =
        new Listener(
            name,
            Transport.group("freshet-" + name + "-accept", 1, sockets),
            Transport.group("freshet-" + name, threads, sockets),
            new Handshakes(name, HANDSHAKE_THREADS, true),
            cap);
    listener.acceptor.forEach(Listener::lowerPriority);
    listener.loops.forEach(Listener::lowerPriority);
    return listener;
  }

  private static void lowerPriority(EventExecutor loop) {
    loop.execute(() -> ThreadPriority.lower(ThreadPriority.STREAMS));
  }

  /** A listener for short exchanges: its one event loop also accepts, which saves a hand-over. */
  public static Listener ofOne(String name, ConnectionCap cap) {
    EventLoopGroup loop = Transport.group("freshet-" + name, 1);
    return new Listener(name, loop, loop, new Handshakes(name, 1, false), cap);
  }

  /** The event loops of the connections. */
  public List<EventLoop> loops() {
    List<EventLoop> all = new ArrayList<>();
    loops.forEach(loop -> all.add((EventLoop) loop));
    return all;
  }

  /**
   * Begins to listen.
   *
   * @param clock stamps the first byte of each request
   * @throws ListenException if the address cannot be bound
   */
  public void bind(Binding at, Routes routes, MonotonicClock clock) {
    InetSocketAddress address = at.address();
    secure = at.tls().isPresent();
    ListenerParts parts =
        new ListenerParts(
            routes,
            at.limits(),
            at.guard(),
            at.tls(),
            handshakes,
            new ByteBudget(at.limits().maxAllBodyBytes()),
            cap,
            at.requests(),
            clock,
            false);
    ListenerParts partsOverLimit = parts.overLimit();
    ServerBootstrap listener =
        Transport.listening(acceptor, loops)
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .childOption(ChannelOption.SO_SNDBUF, SEND_BUFFER_BYTES)
            .childOption(
                ChannelOption.WRITE_BUFFER_WATER_MARK,
                new WriteBufferWaterMark(UNSENT_BYTES / 2, UNSENT_BYTES))
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    boolean admitted = cap.admit(channel);
                    if (!admitted) {
                      overLimit.add(channel);
                    }
                    connections.add(channel);
                    assemble(channel, admitted ? parts : partsOverLimit);
                  }
                });
    ChannelFuture binding = listener.bind(address).awaitUninterruptibly();
    if (!binding.isSuccess()) {
      throw new ListenException(
          "%s listener: cannot listen on %s:%d: %s"
              .formatted(
                  name, address.getHostString(), address.getPort(), binding.cause().getMessage()),
          binding.cause());
    }
    bound = Optional.of(binding.channel());
  }

  private static void assemble(Channel channel, ListenerParts parts) {
    parts
        .tls()
        .ifPresent(tls -> channel.pipeline().addLast(new TlsDetection(tls, parts.handshakes())));
    FirstByteStamp stamp = new FirstByteStamp(parts.clock());
    channel
        .pipeline()
        .addLast(
            stamp,
            new IdleStateHandler(parts.limits().idle().toNanos(), 0, 0, TimeUnit.NANOSECONDS),
            new RequestDecoder(),
            new HttpConnection(stamp, parts));
  }

  /** The address it is bound to. */
  public InetSocketAddress address() {
    return (InetSocketAddress) bound.orElseThrow().localAddress();
  }

  /** Its root URL, for clients on this host. */
  public URI url() {
    InetAddress address = address().getAddress();
    String host = address.isAnyLocalAddress() ? "127.0.0.1" : address.getHostAddress();
    return URI.create(
        "%s://%s:%d"
            .formatted(
                secure ? "https" : "http",
                host.contains(":") ? "[" + host + "]" : host,
                address().getPort()));
  }

  /** Stops accepting, and closes each connection once its current answer is sent. */
  public void drain() {
    bound.ifPresent(channel -> channel.close().awaitUninterruptibly());
    connections.forEach(channel -> channel.eventLoop().execute(() -> drain(channel)));
  }

  private static void drain(Channel channel) {
    HttpConnection connection = channel.pipeline().get(HttpConnection.class);
    if (connection != null) {
      connection.drain();
    }
  }

  /** Waits until every connection is closed, at most {@code deadline}. */
  public void awaitDrained(Duration deadline) {
    connections.newCloseFuture().awaitUninterruptibly(deadline.toMillis());
  }

  /** Closes the remaining connections and ends the threads, each within {@code deadline}. */
  public void close(Duration deadline) {
    handshakes.close(deadline);
    connections.close().awaitUninterruptibly(deadline.toMillis());
    Transport.close(acceptor, deadline);
    Transport.close(loops, deadline);
  }
}
