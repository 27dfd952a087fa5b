package dev.freshet.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TransportTest {
  /** A host cannot vanish in a test: these are the kernel's own words for it. */
  @Test
  void theKernelGivesAConnectionUpWhosePeerAnswersNoProbe() throws Exception {
    assumeTrue(Epoll.isAvailable());
    EventLoopGroup group = Transport.group("test", 1);
    try (ServerSocket peer = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Bootstrap connecting =
          new Bootstrap()
              .group(group)
              .channel(Transport.socket())
              .handler(new ChannelInboundHandlerAdapter());
      Transport.keepAlive(connecting);
      Channel channel = connecting.connect(peer.getLocalSocketAddress()).sync().channel();

      assertThat(channel.config().getOption(ChannelOption.SO_KEEPALIVE)).isTrue();
      assertThat(channel.config().getOption(EpollChannelOption.TCP_KEEPIDLE)).isEqualTo(15);
      assertThat(channel.config().getOption(EpollChannelOption.TCP_KEEPINTVL)).isEqualTo(15);
      assertThat(channel.config().getOption(EpollChannelOption.TCP_KEEPCNT)).isEqualTo(4);
      assertThat(channel.config().getOption(EpollChannelOption.TCP_USER_TIMEOUT))
          .isEqualTo(120_000);
    } finally {
      Transport.close(group, Duration.ofSeconds(10));
    }
  }
}
