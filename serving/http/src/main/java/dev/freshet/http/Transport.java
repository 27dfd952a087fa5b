package dev.freshet.http;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Netty's transport: epoll where the host supports it, else the JDK's selector. */
public final class Transport {
  private static final Logger LOG = LoggerFactory.getLogger(Transport.class);
  private static final boolean EPOLL = Epoll.isAvailable();

  /** How long a connection is silent before the kernel probes it, and between its probes. */
  private static final Duration KEEP_ALIVE = Duration.ofSeconds(15);

  private static final int KEEP_ALIVE_PROBES = 4;

  /** How long bytes may stay without an acknowledgement before the connection is given up. */
  private static final Duration UNACKNOWLEDGED = Duration.ofMinutes(2);

  /** When the kernel probes a connection and gives it up, where it can be said. */
  private static final Map<ChannelOption<Integer>, Integer> PROBED =
      EPOLL
          ? Map.of(
              EpollChannelOption.TCP_KEEPIDLE, (int) KEEP_ALIVE.toSeconds(),
              EpollChannelOption.TCP_KEEPINTVL, (int) KEEP_ALIVE.toSeconds(),
              EpollChannelOption.TCP_KEEPCNT, KEEP_ALIVE_PROBES,
              EpollChannelOption.TCP_USER_TIMEOUT, (int) UNACKNOWLEDGED.toMillis())
          : Map.of();

  /** The state of a closed connection in Linux's {@code tcp_info}. */
  private static final int TCP_CLOSE = 7;

  private Transport() {}

  /**
   * A group of {@code threads} event loops on daemon threads named {@code name}-…. The caller owns
   * it.
   */
  public static EventLoopGroup group(String name, int threads) {
    IoHandlerFactory io = EPOLL ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    return new MultiThreadIoEventLoopGroup(threads, new DefaultThreadFactory(name, true), io);
  }

  /** The channel class of a connection. */
  public static Class<? extends SocketChannel> socket() {
    return EPOLL ? EpollSocketChannel.class : NioSocketChannel.class;
  }

  /** The channel class of a listener. */
  public static Class<? extends ServerSocketChannel> serverSocket() {
    return EPOLL ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
  }

  /** Makes the kernel ask clients from which nothing is heard whether they are still there. */
  static void keepAlive(ServerBootstrap listener) {
    listener.childOption(ChannelOption.SO_KEEPALIVE, true);
    PROBED.forEach(listener::childOption);
  }

  /**
   * The same for the peer of a connection that this process makes: one whose host has vanished ends
   * within minutes, one that is only silent does not.
   */
  public static void keepAlive(Bootstrap connection) {
    connection.option(ChannelOption.SO_KEEPALIVE, true);
    PROBED.forEach(connection::option);
  }

  /** Whether the peer has reset a connection; false where the host does not tell. */
  static boolean isReset(Channel channel) {
    return channel instanceof EpollSocketChannel epoll && epoll.tcpInfo().state() == TCP_CLOSE;
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

  /** Closes every channel of {@code group} and ends its threads within {@code deadline}. */
  public static void close(EventLoopGroup group, Duration deadline) {
    boolean ended =
        group
            .shutdownGracefully(0, deadline.toMillis(), TimeUnit.MILLISECONDS)
            .awaitUninterruptibly(deadline.toMillis());
    if (!ended) {
      LOG.warn("the event loops did not end within {} ms", deadline.toMillis());
    }
  }
}
