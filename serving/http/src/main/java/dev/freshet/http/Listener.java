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
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpRequestDecoder;
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
import java.util.concurrent.atomic.AtomicInteger;

/** A listening socket with event loops that are its own, and its connections. */
public final class Listener {
  private static final int BACKLOG = 4096;
  private static final int MAX_LINE_BYTES = 8 << 10;
  private static final int MAX_HEADER_BYTES = 16 << 10;

  /**
   * The kernel's buffer of a connection. Streams are slow; left to itself the kernel would take
   * megabytes for a reader that takes nothing, before anyone notices.
   */
  static final int SEND_BUFFER_BYTES = 64 << 10;

  /** How much may wait before that buffer, above which a connection takes no more events. */
  static final int UNSENT_BYTES = 16 << 10;

  private final String name;
  private final EventLoopGroup acceptor;
  private final EventLoopGroup loops;
  private final ConnectionCap cap;
  private final AtomicInteger refused = new AtomicInteger();
  private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private Optional<Channel> bound = Optional.empty();

  private Listener(String name, EventLoopGroup acceptor, EventLoopGroup loops, ConnectionCap cap) {
    this.name = name;
    this.acceptor = acceptor;
    this.loops = loops;
    this.cap = cap;
  }

  /**
   * A listener for streams, that does not listen yet, with a thread that accepts and {@code
   * threads} loops; {@code name} is what its threads and errors call it.
   */
  public static Listener ofMany(String name, int threads, ConnectionCap cap) {
    Listener listener =
        new Listener(
            name,
            Transport.group("freshet-" + name + "-accept", 1),
            Transport.group("freshet-" + name, threads),
            cap);
    listener.acceptor.forEach(Listener::makeNicer);
    listener.loops.forEach(Listener::makeNicer);
    return listener;
  }

  private static void makeNicer(EventExecutor loop) {
    loop.execute(() -> ThreadPriority.lower(ThreadPriority.STREAMS));
  }

  /** One whose single loop accepts too: fewer hand-overs for short exchanges on few connections. */
  public static Listener ofOne(String name, ConnectionCap cap) {
    EventLoopGroup loop = Transport.group("freshet-" + name, 1);
    return new Listener(name, loop, loop, cap);
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
   * @throws FrontException if the address cannot be had
   */
  public void bind(
      InetSocketAddress address, Routes routes, FrontLimits limits, MonotonicClock clock) {
    BodyBudget bodies = new BodyBudget(limits.maxAllBodyBytes());
    ChannelFuture binding =
        new ServerBootstrap()
            .group(acceptor, loops)
            .channel(Transport.serverSocket())
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_SNDBUF, SEND_BUFFER_BYTES)
            .childOption(
                ChannelOption.WRITE_BUFFER_WATER_MARK,
                new WriteBufferWaterMark(UNSENT_BYTES / 2, UNSENT_BYTES))
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    if (cap.admit(channel)) {
                      connections.add(channel);
                      assemble(channel, routes, limits, bodies, clock);
                    } else {
                      channel.pipeline().addLast(new RefusedConnection(refused));
                    }
                  }
                })
            .bind(address)
            .awaitUninterruptibly();
    if (!binding.isSuccess()) {
      throw new FrontException(
          "%s listener: cannot listen on %s:%d: %s"
              .formatted(
                  name, address.getHostString(), address.getPort(), binding.cause().getMessage()),
          binding.cause());
    }
    bound = Optional.of(binding.channel());
  }

  private void assemble(
      Channel channel, Routes routes, FrontLimits limits, BodyBudget bodies, MonotonicClock clock) {
    FirstByteStamp stamp = new FirstByteStamp(clock);
    channel
        .pipeline()
        .addLast(
            stamp,
            new IdleStateHandler(limits.idle().toNanos(), 0, 0, TimeUnit.NANOSECONDS),
            new HttpRequestDecoder(
                new HttpDecoderConfig()
                    .setMaxInitialLineLength(MAX_LINE_BYTES)
                    .setMaxHeaderSize(MAX_HEADER_BYTES)),
            new HttpConnection(stamp, routes, limits.maxBodyBytes(), bodies, cap));
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return (InetSocketAddress) bound.orElseThrow().localAddress();
  }

  /** Its root, for clients on this host. */
  public URI url() {
    InetAddress address = address().getAddress();
    String host = address.isAnyLocalAddress() ? "127.0.0.1" : address.getHostAddress();
    return URI.create(
        "http://%s:%d"
            .formatted(host.contains(":") ? "[" + host + "]" : host, address().getPort()));
  }

  /** Takes no more connections, and closes each of those there are once its answer is given. */
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

  /** Waits until every connection is closed, at most until the deadline. */
  public void awaitDrained(Duration deadline) {
    connections.newCloseFuture().awaitUninterruptibly(deadline.toMillis());
  }

  /** Closes what is left, and ends the threads. */
  public void close(Duration deadline) {
    Transport.close(acceptor, deadline);
    Transport.close(loops, deadline);
  }
}
