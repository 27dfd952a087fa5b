package dev.freshet.http;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerFactory;
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
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringBufferRingConfig;
import io.netty.channel.uring.IoUringChannelOption;
import io.netty.channel.uring.IoUringFixedBufferRingAllocator;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringIoHandlerConfig;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;
import java.util.Arrays;
import java.util.Optional;

/** An interface to the kernel through which Netty uses sockets. */
public enum SocketApi {
  /**
   * Receives and sends of many connections in one system call. Containers may forbid it. When its
   * event loops end, connections that are open may stay so until the process ends (Netty 4.2.18).
   */
  IO_URING {
    @Override
    public Optional<Throwable> obstacle() {
      return Optional.ofNullable(IoUring.unavailabilityCause())
          .or(
              () ->
                  IoUring.isRegisterBufferRingSupported()
                      ? Optional.empty()
                      : Optional.of(
                          new UnsupportedOperationException(
                              "its io_uring has no ring of buffers (Linux has it from 5.19 on)")));
    }

    @Override
    IoHandlerFactory handlers() {
      return IoUringIoHandler.newFactory(
          new IoUringIoHandlerConfig()
              .setRingSize(SUBMISSIONS)
              .setBufferRingConfig(
                  IoUringBufferRingConfig.builder()
                      .bufferGroupId(BUFFERS)
                      .bufferRingSize(BUFFER_COUNT)
                      .batchSize(BUFFER_COUNT)
                      .incremental(false)
                      .allocator(new IoUringFixedBufferRingAllocator(BUFFER_BYTES))
                      .build()));
    }

    @Override
    void prepare(Bootstrap connection) {
      connection.option(IoUringChannelOption.IO_URING_BUFFER_GROUP_ID, BUFFERS);
    }

    @Override
    void prepare(ServerBootstrap listener) {
      listener.childOption(IoUringChannelOption.IO_URING_BUFFER_GROUP_ID, BUFFERS);
    }

    @Override
    Class<? extends IoHandler> handler() {
      return IoUringIoHandler.class;
    }

    @Override
    Class<? extends SocketChannel> socket() {
      return IoUringSocketChannel.class;
    }

    @Override
    Class<? extends ServerSocketChannel> serverSocket() {
      return IoUringServerSocketChannel.class;
    }

    @Override
    Optional<ProbeOptions> probeOptions() {
      return Optional.of(
          new ProbeOptions(
              IoUringChannelOption.TCP_KEEPIDLE,
              IoUringChannelOption.TCP_KEEPINTVL,
              IoUringChannelOption.TCP_KEEPCNT,
              IoUringChannelOption.TCP_USER_TIMEOUT));
    }
  },
  EPOLL {
    @Override
    public Optional<Throwable> obstacle() {
      return Optional.ofNullable(Epoll.unavailabilityCause());
    }

    @Override
    IoHandlerFactory handlers() {
      return EpollIoHandler.newFactory();
    }

    @Override
    Class<? extends IoHandler> handler() {
      return EpollIoHandler.class;
    }

    @Override
    Class<? extends SocketChannel> socket() {
      return EpollSocketChannel.class;
    }

    @Override
    Class<? extends ServerSocketChannel> serverSocket() {
      return EpollServerSocketChannel.class;
    }

    @Override
    Optional<ProbeOptions> probeOptions() {
      return Optional.of(
          new ProbeOptions(
              EpollChannelOption.TCP_KEEPIDLE,
              EpollChannelOption.TCP_KEEPINTVL,
              EpollChannelOption.TCP_KEEPCNT,
              EpollChannelOption.TCP_USER_TIMEOUT));
    }
  },

  /** The JDK's selector, which every host has. */
  NIO {
    @Override
    public Optional<Throwable> obstacle() {
      return Optional.empty();
    }

    @Override
    IoHandlerFactory handlers() {
      return NioIoHandler.newFactory();
    }

    @Override
    Class<? extends IoHandler> handler() {
      return NioIoHandler.class;
    }

    @Override
    Class<? extends SocketChannel> socket() {
      return NioSocketChannel.class;
    }

    @Override
    Class<? extends ServerSocketChannel> serverSocket() {
      return NioServerSocketChannel.class;
    }

    @Override
    Optional<ProbeOptions> probeOptions() {
      return Optional.empty();
    }
  };

  /** Sends and receives that are handed to the kernel at once. */
  private static final int SUBMISSIONS = 1024;

  /**
   * The buffers of an event loop from which the kernel takes one when bytes arrive. A connection
   * that waits for bytes has none. Without them Netty 4.2.18 may miss that a peer has reset its
   * connection.
   */
  private static final short BUFFERS = 0;

  private static final short BUFFER_COUNT = 1024;

  /**
   * About the size of an event: the event keeps the whole buffer until its client has read it, and
   * a slow client may have many.
   */
  private static final int BUFFER_BYTES = 512;

  /**
   * The options of a connection that say when the kernel probes its peer and gives it up.
   *
   * @param idle seconds of silence before the first probe
   * @param interval seconds between probes
   * @param count probes without an answer
   * @param unacknowledged milliseconds that bytes may stay without an acknowledgement
   */
  record ProbeOptions(
      ChannelOption<Integer> idle,
      ChannelOption<Integer> interval,
      ChannelOption<Integer> count,
      ChannelOption<Integer> unacknowledged) {}

  /** Why the host does not have it; empty if it does. */
  public abstract Optional<Throwable> obstacle();

  abstract IoHandlerFactory handlers();

  /** The type of what {@link #handlers} makes. */
  abstract Class<? extends IoHandler> handler();

  /** Sets what its connections need. */
  void prepare(Bootstrap connection) {}

  /** Sets what the connections of its listeners need. */
  void prepare(ServerBootstrap listener) {}

  /** The channel class of a connection. */
  abstract Class<? extends SocketChannel> socket();

  /** The channel class of a listener. */
  abstract Class<? extends ServerSocketChannel> serverSocket();

  /** Empty where a process cannot set them. */
  abstract Optional<ProbeOptions> probeOptions();

  /** The first of {@code wanted} that the host has; the JDK's selector if it has none of them. */
  public static SocketApi firstOf(SocketApi... wanted) {
    return Arrays.stream(wanted).filter(api -> api.obstacle().isEmpty()).findFirst().orElse(NIO);
  }

  /** That of the event loops of {@code group}, which {@link Transport} made. */
  static SocketApi of(EventLoopGroup group) {
    IoEventLoopGroup loops = (IoEventLoopGroup) group;
    return Arrays.stream(values())
        .filter(api -> loops.isIoType(api.handler()))
        .findFirst()
        .orElseThrow();
  }
}
