package dev.freshet.http;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Netty's transport: the event loops and sockets of this process. */
public final class Transport {
  private static final Logger LOG = LoggerFactory.getLogger(Transport.class);
  private static final SocketApi DEFAULT = SocketApi.firstOf(SocketApi.EPOLL);

  /** How long a connection is silent before the kernel probes it, and between its probes. */
  private static final Duration KEEP_ALIVE = Duration.ofSeconds(15);

  private static final int KEEP_ALIVE_PROBES = 4;

  /** How long bytes may stay without an acknowledgement before the connection is given up. */
  private static final Duration UNACKNOWLEDGED = Duration.ofMinutes(2);

  /** The state of a closed connection in Linux's {@code tcp_info}. */
  private static final int TCP_CLOSE = 7;

  private Transport() {}

  /**
   * A group of {@code threads} event loops on daemon threads named {@code name}-…. The caller owns
   * it.
   */
  public static EventLoopGroup group(String name, int threads) {
    return group(name, threads, DEFAULT);
  }

  /** The same with an interface to sockets that the host has. */
  public static EventLoopGroup group(String name, int threads, SocketApi sockets) {
    return new Loops(threads, new DefaultThreadFactory(name, true), sockets);
  }

  /**
   * Connects channels on an event loop of {@code loops}, which {@link #group} made. The kernel asks
   * a peer from which nothing is heard whether it is still there: a connection to a host that has
   * vanished ends within minutes, one to a host that is only silent does not.
   */
  public static Bootstrap connecting(EventLoopGroup loops) {
    SocketApi sockets = SocketApi.of(loops);
    Bootstrap connecting = new Bootstrap().group(loops).channel(sockets.socket());
    sockets.prepare(connecting);
    connecting.option(ChannelOption.SO_KEEPALIVE, true);
    probed(sockets).forEach(connecting::option);
    return connecting;
  }

  /**
   * Listens on an event loop of {@code acceptors}; the connections are those of {@code loops}. Both
   * were made by {@link #group} with the same interface to sockets. Clients are asked whether they
   * are still there, as in {@link #connecting}.
   */
  public static ServerBootstrap listening(EventLoopGroup acceptors, EventLoopGroup loops) {
    SocketApi sockets = SocketApi.of(acceptors);
    ServerBootstrap listening =
        new ServerBootstrap().group(acceptors, loops).channel(sockets.serverSocket());
    sockets.prepare(listening);
    listening.childOption(ChannelOption.SO_KEEPALIVE, true);
    probed(sockets).forEach(listening::childOption);
    return listening;
  }

  /**
   * When the kernel probes a connection of {@code sockets} and gives it up, where it can be set.
   */
  private static Map<ChannelOption<Integer>, Integer> probed(SocketApi sockets) {
    return sockets
        .probeOptions()
        .map(
            options ->
                Map.of(
                    options.idle(), (int) KEEP_ALIVE.toSeconds(),
                    options.interval(), (int) KEEP_ALIVE.toSeconds(),
                    options.count(), KEEP_ALIVE_PROBES,
                    options.unacknowledged(), (int) UNACKNOWLEDGED.toMillis()))
        .orElse(Map.of());
  }

  /** Whether the peer has reset a connection; false where the host does not tell. */
  static boolean isReset(Channel channel) {
    return switch (channel) {
      case IoUringSocketChannel ring -> ring.tcpInfo().state() == TCP_CLOSE;
      case EpollSocketChannel epoll -> epoll.tcpInfo().state() == TCP_CLOSE;
      default -> false;
    };
  }

  /** Begins to close {@code channel}; its handlers are called once it is inactive. */
  public static void close(Channel channel) {
    var _ = channel.close();
  }

  /** The same, without the notice by which TLS tells a whole stream from one that was cut. */
  static void closeWithoutNotice(Channel channel) {
    ChannelHandlerContext tls = channel.pipeline().context(SslHandler.class);
    var _ = tls == null ? channel.close() : tls.close();
  }

  /**
   * Closes the channels of {@code group} and ends its threads within {@code deadline}; {@link
   * SocketApi#IO_URING} may leave some open.
   */
  public static void close(EventLoopGroup group, Duration deadline) {
    boolean ended =
        group
            .shutdownGracefully(0, deadline.toMillis(), TimeUnit.MILLISECONDS)
            .awaitUninterruptibly(deadline.toMillis());
    if (!ended) {
      LOG.warn("the event loops did not end within {} ms", deadline.toMillis());
    }
  }

  /** Event loops that close their channels before they end. */
  private static final class Loops extends MultiThreadIoEventLoopGroup {
    Loops(int threads, ThreadFactory factory, SocketApi sockets) {
      super(threads, factory, sockets.handlers());
    }

    @Override
    protected IoEventLoop newChild(
        Executor executor, IoHandlerFactory handlers, Object... arguments) {
      return new Loop(this, executor, handlers);
    }
  }

  /**
   * An event loop closes its channels between events and tasks. One that is told to shut down while
   * it runs tasks has to come round once more (Netty 4.2.18 may end at once).
   */
  private static final class Loop extends SingleThreadIoEventLoop {
    private boolean closing;

    Loop(IoEventLoopGroup parent, Executor executor, IoHandlerFactory handlers) {
      super(parent, executor, handlers);
    }

    @Override
    protected boolean confirmShutdown() {
      if (isShuttingDown() && !closing) {
        closing = true;
        execute(() -> {}); // So that it does not wait for events.
        return false;
      }
      return super.confirmShutdown();
    }
  }
}
