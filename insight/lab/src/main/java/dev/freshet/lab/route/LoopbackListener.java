package dev.freshet.lab.route;

import dev.freshet.http.Transport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpRequestDecoder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.function.Supplier;

/**
 * An HTTP listener on a free port of the loopback address. Each connection has a handler of its
 * own, which gets whole requests and writes the bytes of the answers.
 */
final class LoopbackListener implements AutoCloseable {
  private static final int BACKLOG = 4096;

  private final Channel listener;

  /**
   * @param group serves the connections; the caller closes it
   * @param maxRequestBytes the most bytes of a request's body
   * @param answers makes the handler of a connection
   */
  LoopbackListener(
      EventLoopGroup group, int maxRequestBytes, Supplier<ChannelInboundHandler> answers) {
    this.listener =
        Transport.listening(group, group)
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        .addLast(
                            new HttpRequestDecoder(),
                            new HttpObjectAggregator(maxRequestBytes),
                            answers.get());
                  }
                })
            .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .syncUninterruptibly()
            .channel();
  }

  URI url() {
    return URI.create(
        "http://127.0.0.1:" + ((InetSocketAddress) listener.localAddress()).getPort());
  }

  @Override
  public void close() {
    Transport.close(listener);
  }
}
