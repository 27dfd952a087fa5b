package dev.freshet.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class SocketApiTest {
  private static final Duration CLOSE = Duration.ofSeconds(10);

  @ParameterizedTest
  @EnumSource
  void bytesGoToAndFro(SocketApi sockets) throws Exception {
    assumeTrue(sockets.obstacle().isEmpty());
    CompletableFuture<String> answer = new CompletableFuture<>();
    EventLoopGroup loop = Transport.group("test", 1, sockets);
    try {
      Channel listener =
          Transport.listening(loop, loop)
              .childHandler(new Echo())
              .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
              .sync()
              .channel();
      Channel client =
          Transport.connecting(loop)
              .handler(new Reader(answer))
              .connect(listener.localAddress())
              .sync()
              .channel();
      client.writeAndFlush(Unpooled.copiedBuffer("tokens", US_ASCII)).sync();

      assertThat(answer.get(30, TimeUnit.SECONDS)).isEqualTo("tokens");
    } finally {
      Transport.close(loop, CLOSE);
    }
  }

  /** The peer resets its connections some time after their last bytes, or at once. */
  @ParameterizedTest
  @EnumSource
  void noResetOfAPeerIsMissed(SocketApi sockets) throws Exception {
    assumeTrue(sockets.obstacle().isEmpty());
    int connections = 200;
    CountDownLatch ended = new CountDownLatch(connections);
    EventLoopGroup loop = Transport.group("test", 1, sockets);
    try (ServerSocket peer = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      for (int i = 0; i < connections; i++) {
        Channel client =
            Transport.connecting(loop)
                .handler(new Ended(ended))
                .connect(peer.getLocalSocketAddress())
                .sync()
                .channel();
        client.writeAndFlush(Unpooled.copiedBuffer("prompt", US_ASCII)).sync();
        answerAndReset(peer, i);
      }

      assertThat(ended.await(30, TimeUnit.SECONDS)).isTrue();
    } finally {
      Transport.close(loop, CLOSE);
    }
  }

  private static void answerAndReset(ServerSocket peer, int spins) throws IOException {
    try (Socket accepted = peer.accept()) {
      accepted.getInputStream().readNBytes("prompt".length());
      accepted.getOutputStream().write("tokens".getBytes(US_ASCII));
      for (int i = 0; i < spins * 10; i++) {
        Thread.onSpinWait();
      }
      accepted.setSoLinger(true, 0);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"EPOLL", "NIO"})
  void aGroupThatIsClosedWhileItsLoopIsBusyClosesItsChannels(SocketApi sockets) throws Exception {
    assumeTrue(sockets.obstacle().isEmpty());
    EventLoopGroup group = Transport.group("test", 1, sockets);
    CountDownLatch busy = new CountDownLatch(1);
    CountDownLatch free = new CountDownLatch(1);
    try (ServerSocket peer = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Transport.connecting(group)
          .handler(new ChannelInboundHandlerAdapter())
          .connect(peer.getLocalSocketAddress())
          .sync();
      Socket accepted = peer.accept();
      accepted.setSoTimeout(10_000);
      group.execute(
          () -> {
            busy.countDown();
            waitFor(free);
          });
      waitFor(busy);
      Thread closing = new Thread(() -> Transport.close(group, CLOSE));
      closing.start();
      while (!group.isShuttingDown()) {
        Thread.onSpinWait();
      }
      free.countDown();

      assertThat(accepted.getInputStream().read()).isEqualTo(-1);
      closing.join();
    }
  }

  @Test
  void theFirstThatTheHostHasIsTaken() {
    assertThat(SocketApi.firstOf(SocketApi.NIO, SocketApi.EPOLL)).isEqualTo(SocketApi.NIO);
    assertThat(SocketApi.firstOf()).isEqualTo(SocketApi.NIO);
  }

  private static void waitFor(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static final class Echo extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object bytes) {
      var _ = ctx.writeAndFlush(bytes);
    }

    @Override
    public boolean isSharable() {
      return true;
    }
  }

  private static final class Reader extends SimpleChannelInboundHandler<ByteBuf> {
    private final CompletableFuture<String> to;

    Reader(CompletableFuture<String> to) {
      this.to = to;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, ByteBuf bytes) {
      to.complete(bytes.toString(US_ASCII));
    }
  }

  private static final class Ended extends SimpleChannelInboundHandler<ByteBuf> {
    private final CountDownLatch ended;

    Ended(CountDownLatch ended) {
      this.ended = ended;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, ByteBuf bytes) {}

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      ended.countDown();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      Transport.close(ctx.channel());
    }
  }
}
