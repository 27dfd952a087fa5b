package dev.freshet.lab.load;

import dev.freshet.http.Transport;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One stream of a {@link StreamLoad}. It returns its lease as soon as it ends. A slow reader reads
 * at most {@value #TRICKLE_BYTES} bytes every {@value #TRICKLE_MS} ms. Confined to the load's event
 * loop.
 */
final class LoadedStream implements CountedStream.Owner {
  private static final int READ_BYTES = 4 << 10;
  private static final int TRICKLE_BYTES = 1 << 10;
  private static final int TRICKLE_MS = 100;

  private final StreamLoad load;
  private final FairPool.Lease lease;
  private final RequestDraws.Drawn drawn;
  private @Nullable Channel channel;
  private boolean begun;
  private boolean left;

  LoadedStream(StreamLoad load, FairPool.Lease lease, RequestDraws.Drawn drawn) {
    this.load = load;
    this.lease = lease;
    this.drawn = drawn;
  }

  RequestDraws.Drawn drawn() {
    return drawn;
  }

  /** Connects and sends {@code request}. A failure to connect ends the stream. */
  void connect(Bootstrap bootstrap, byte[] request) {
    ChannelFuture connecting =
        bootstrap
            .clone()
            .option(
                ChannelOption.RECVBUF_ALLOCATOR,
                new FixedRecvByteBufAllocator(drawn.slow() ? TRICKLE_BYTES : READ_BYTES)
                    .maxMessagesPerRead(drawn.slow() ? 1 : 16))
            .option(ChannelOption.AUTO_READ, !drawn.slow())
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel fresh) {
                    fresh.pipeline().addLast(new CountedStream(LoadedStream.this, request));
                    if (drawn.slow()) {
                      trickle(fresh);
                    }
                  }
                })
            .connect();
    channel = connecting.channel();
    var _ =
        connecting.addListener(
            done -> {
              if (!done.isSuccess()) {
                ended(false, Optional.of("cannot connect: " + done.cause().getMessage()));
              }
            });
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

  /** Disconnects the client. The stream has ended at once; its connection may close later. */
  void leave() {
    left = true;
    if (channel != null) {
      Transport.close(channel);
    }
    end(Optional.empty());
  }

  @Override
  public void began() {
    if (!left) {
      begun = true;
      load.began();
    }
  }

  @Override
  public void received(int freshEvents, int freshBytes) {
    if (!left) {
      load.received(freshEvents, freshBytes);
    }
  }

  @Override
  public void ended(boolean responseBegun, Optional<String> failure) {
    if (!left) {
      end(failure);
    }
  }

  private void end(Optional<String> failure) {
    lease.close();
    load.ended(this, begun, failure);
  }
}
