package dev.freshet.client;

import dev.freshet.http.ClientTls;
import dev.freshet.http.Transport;
import dev.freshet.wire.OneLine;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The idle connections of a streaming client. A connection is either in the pool or owned by a
 * call: the thread that removes it from its queue owns it. Thread-safe.
 */
final class ConnectionPool {
  private static final int CONNECT_MILLIS = 10_000;

  /** Shorter than servers keep an idle connection, so that they rarely close one first. */
  private static final long IDLE_SECONDS = 20;

  private final Map<Origin, Deque<StreamConnection>> idle = new ConcurrentHashMap<>();

  /** Resolves host names, which may block and therefore must not run on an event loop. */
  private final ExecutorService names =
      Executors.newSingleThreadExecutor(new DefaultThreadFactory("freshet-stream-names", true));

  private final HostNames.Resolver resolver;
  private final Optional<String> authorization;
  private final Supplier<ClientTls> tls;
  private volatile boolean closed;

  /**
   * @param authorization the header of that name, which every request carries
   * @param tls of connections to secure origins
   */
  ConnectionPool(
      HostNames.Resolver resolver, Optional<String> authorization, Supplier<ClientTls> tls) {
    this.resolver = resolver;
    this.tls = tls;
    this.authorization = authorization;
  }

  /** The header of that name, which every request carries. */
  Optional<String> authorization() {
    return authorization;
  }

  /** Takes the most recently used idle connection to {@code origin}, if there is one. */
  Optional<StreamConnection> take(Origin origin) {
    Deque<StreamConnection> queue = idle.get(origin);
    if (queue != null) {
      for (StreamConnection c = queue.pollLast(); c != null; c = queue.pollLast()) {
        if (c.isActive()) {
          return Optional.of(c);
        }
      }
    }
    return Optional.empty();
  }

  /** Keeps a connection for the next call, on its event loop. */
  void keep(StreamConnection connection) {
    Deque<StreamConnection> queue =
        idle.computeIfAbsent(connection.origin(), origin -> new ConcurrentLinkedDeque<>());
    connection.idleTimer(
        connection
            .loop()
            .schedule(
                () -> {
                  if (queue.remove(connection)) {
                    connection.close();
                  }
                },
                IDLE_SECONDS,
                TimeUnit.SECONDS));
    queue.addLast(connection);
    if (closed && queue.remove(connection)) {
      connection.close();
    }
  }

  /** Removes a connection that has closed. */
  void forget(StreamConnection connection) {
    Deque<StreamConnection> queue = idle.get(connection.origin());
    if (queue != null) {
      queue.remove(connection);
    }
  }

  /**
   * Opens a connection for {@code call} on {@code loop}, to the first address of its host that
   * accepts one, or fails the call.
   */
  void open(StreamCall call, EventLoop loop) {
    byte[] literal = NetUtil.createByteArrayFromIpAddressString(call.origin().address());
    try {
      if (literal != null) {
        connect(call, loop, List.of(InetAddress.getByAddress(literal)));
      } else {
        names.execute(() -> lookUp(call, loop));
      }
    } catch (UnknownHostException e) {
      call.unreachable("not an address: " + call.origin().address());
    } catch (RejectedExecutionException e) {
      call.cancel();
    }
  }

  private void lookUp(StreamCall call, EventLoop loop) {
    try {
      connect(call, loop, List.of(resolver.resolve(call.origin().address())));
    } catch (UnknownHostException e) {
      call.unreachable("unknown host " + call.origin().address());
    } catch (RejectedExecutionException e) {
      call.cancel();
    }
  }

  /** Tries the addresses in their order; localhost may be ::1 first. */
  private void connect(StreamCall call, EventLoop loop, List<InetAddress> addresses) {
    StreamConnection connection = new StreamConnection(call.origin(), this);
    ChannelFuture connected =
        Transport.connecting(loop)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    if (call.origin().secure()) {
                      channel
                          .pipeline()
                          .addLast(
                              tls.get().handler(call.origin().address(), call.origin().port()));
                    }
                    channel.pipeline().addLast(new HttpClientCodec(), connection);
                  }
                })
            .connect(new InetSocketAddress(addresses.getFirst(), call.origin().port()));
    connected.addListener(
        done -> {
          if (done.isSuccess()) {
            verified(connected.channel(), connection, call);
          } else if (addresses.size() > 1) {
            connect(call, loop, addresses.subList(1, addresses.size()));
          } else {
            call.unreachable(OneLine.of(done.cause()));
          }
        });
  }

  private static void verified(Channel channel, StreamConnection connection, StreamCall call) {
    var _ =
        ClientTls.ready(channel)
            .addListener(
                ready -> {
                  if (ready.isSuccess()) {
                    connection.run(call, false);
                  } else {
                    call.unreachable("TLS: " + OneLine.of(ready.cause()));
                  }
                });
  }

  /** Closes the idle connections; later ones are closed at once. */
  void close() {
    closed = true;
    names.shutdownNow();
    for (Deque<StreamConnection> queue : idle.values()) {
      for (StreamConnection c = queue.pollLast(); c != null; c = queue.pollLast()) {
        c.close();
      }
    }
  }
}
