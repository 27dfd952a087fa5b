package dev.freshet.lab.lanes;

import dev.freshet.lab.CountedStream;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * One stream of a {@link LaneLoad} on the connection it was granted, which it gives back when it
 * ends, before anything else. A slow reader takes at most {@value #TRICKLE_BYTES} bytes every
 * {@value #TRICKLE_MS} ms.
 */
final class LaneStream implements CountedStream.Owner {
  private static final int READ_BYTES = 4 << 10;
  private static final int TRICKLE_BYTES = 1 << 10;
  private static final int TRICKLE_MS = 100;

  private final LaneLoad load;
  private final FairPool.Lease lease;
  private final RequestDraws.Drawn drawn;

  LaneStream(LaneLoad load, FairPool.Lease lease, RequestDraws.Drawn drawn) {
    this.load = load;
    this.lease = lease;
    this.drawn = drawn;
  }

  RequestDraws.Drawn drawn() {
    return drawn;
  }

  /**
   * Connects and sends {@code request}. Whoever called sees to a connection that cannot be made.
   */
  ChannelFuture connect(Bootstrap bootstrap, byte[] request) {
    return bootstrap
        .clone()
        .option(
            ChannelOption.RECVBUF_ALLOCATOR,
            new FixedRecvByteBufAllocator(drawn.slow() ? TRICKLE_BYTES : READ_BYTES)
                .maxMessagesPerRead(drawn.slow() ? 1 : 16))
        .option(ChannelOption.AUTO_READ, !drawn.slow())
        .handler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                channel.pipeline().addLast(new CountedStream(LaneStream.this, request));
                if (drawn.slow()) {
                  trickle(channel);
                }
              }
            })
        .connect();
  }

  private static void trickle(Channel channel) {
    var _ =
        channel
            .eventLoop()
            .schedule(
                () -> {
                  if (channel.isOpen()) {
                    var _ = channel.read();
                    trickle(channel);
                  }
                },
                TRICKLE_MS,
                TimeUnit.MILLISECONDS);
  }

  @Override
  public void began() {
    load.began();
  }

  @Override
  public void received(int freshEvents, int freshBytes) {
    load.received(freshEvents);
  }

  @Override
  public void ended(boolean begun, Optional<String> trouble) {
    lease.close();
    load.ended(drawn, begun, trouble);
  }
}
