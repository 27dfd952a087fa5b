package dev.freshet.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class TransportTest {
  /** A host cannot vanish in a test: these are the kernel's own words for it. */
  @ParameterizedTest
  @EnumSource
  void theKernelGivesAConnectionUpWhosePeerAnswersNoProbe(SocketApi sockets) throws Exception {
    assumeTrue(sockets.obstacle().isEmpty() && sockets.probeOptions().isPresent());
    SocketApi.ProbeOptions options = sockets.probeOptions().orElseThrow();
    EventLoopGroup group = Transport.group("test", 1, sockets);
    try (ServerSocket peer = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Bootstrap connecting =
          Transport.connecting(group).handler(new ChannelInboundHandlerAdapter());
      Channel channel = connecting.connect(peer.getLocalSocketAddress()).sync().channel();

      assertThat(channel.config().getOption(ChannelOption.SO_KEEPALIVE)).isTrue();
      assertThat(channel.config().getOption(options.idle())).isEqualTo(15);
      assertThat(channel.config().getOption(options.interval())).isEqualTo(15);
      assertThat(channel.config().getOption(options.count())).isEqualTo(4);
      assertThat(channel.config().getOption(options.unacknowledged())).isEqualTo(120_000);
    } finally {
      Transport.close(group, Duration.ofSeconds(10));
    }
  }
}
