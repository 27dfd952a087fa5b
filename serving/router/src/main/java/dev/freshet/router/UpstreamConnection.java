package dev.freshet.router;

import dev.freshet.http.Transport;
import dev.freshet.wire.OneLine;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A connection to a replica, on the event loop of the client's connection. It carries one request
 * at a time and goes back to the pool when the whole answer was read. Confined to its event loop.
 */
final class UpstreamConnection extends ChannelInboundHandlerAdapter {
  /** A body up to this size is sent in one buffer with its head. */
  private static final int ONE_BUFFER_BYTES = 64 << 10;

  /**
   * How long an answer may take to arrive after the replica has stopped reading the request: it may
   * refuse a body that it has not read to its end.
   */
  private static final Duration EARLY_ANSWER = Duration.ofSeconds(1);

  private static final String ENDED = "the replica closed the connection";

  private final RelayLoop loop;
  private final Upstream upstream;
  private final HeadDecoder heads = new HeadDecoder();
  private @Nullable Channel channel;
  private @Nullable Relay relay;
  private @Nullable ChannelFuture sent;
  private String endedBy = ENDED;
  private int idleSince;

  UpstreamConnection(RelayLoop loop, Upstream upstream) {
    this.loop = loop;
    this.upstream = upstream;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    channel = ctx.channel();
  }

  private Channel channel() {
    return Objects.requireNonNull(channel, "connection before its channel");
  }

  Upstream upstream() {
    return upstream;
  }

  /** Decodes the heads of its answers. */
  HeadDecoder heads() {
    return heads;
  }

  ByteBufAllocator allocator() {
    return channel().alloc();
  }

  boolean isOpen() {
    return channel().isActive();
  }

  /** The loop's tick at which it went back to the pool. */
  int idleSince() {
    return idleSince;
  }

  /** Sends a request, whose answer goes to {@code to}. */
  void send(Relay to, RelayedRequest request) {
    relay = to;
    endedBy = ENDED;
    ByteBuf head =
        request.encode(
            channel().alloc(), upstream.address().data().getAuthority(), ONE_BUFFER_BYTES);
    if (request.body().length <= ONE_BUFFER_BYTES) {
      sent = channel().writeAndFlush(head);
    } else {
      var _ = channel().write(head, channel().voidPromise());
      sent = channel().writeAndFlush(Unpooled.wrappedBuffer(request.body()));
    }
    var _ = sent.addListener(sending -> requestEnded(to, sending.isSuccess()));
  }

  private void requestEnded(Relay sender, boolean sentWhole) {
    if (!sentWhole) {
      var _ =
          channel()
              .eventLoop()
              .schedule(
                  () -> closeUnanswered(sender), EARLY_ANSWER.toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  private void closeUnanswered(Relay sender) {
    if (relay == sender && !sender.isAnswering()) {
      close();
    }
  }

  /** Stops or resumes reading, as the client falls behind or catches up. */
  void reading(boolean wanted) {
    channel().config().setAutoRead(wanted);
  }

  /** Ends the request's use of it. It returns to the pool, or closes unless {@code reusable}. */
  void release(boolean reusable) {
    relay = null;
    if (reusable && isOpen() && sent != null && sent.isSuccess()) {
      reading(true);
      idleSince = loop.tick();
      loop.pool().keep(this);
    } else {
      close();
    }
  }

  void close() {
    Transport.close(channel());
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object bytes) {
    if (relay == null) { // No request was sent that this could answer.
      ReferenceCountUtil.release(bytes);
      close();
    } else {
      relay.received((ByteBuf) bytes);
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    if (relay != null) {
      relay.readComplete();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    loop.pool().forget(this);
    Relay broken = relay;
    relay = null;
    if (broken != null) {
      broken.connectionEnded(endedBy, endedBy.equals(ENDED));
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    endedBy = "the connection broke (" + OneLine.of(cause) + ")";
    close();
  }
}
