package dev.freshet.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A connection too many: it is told so by a 503 and closed, whatever it sends. For a moment it is
 * kept until its client has read that, since closing over unread bytes would reset it; at most
 * {@value #MOST} are at once, further ones are closed without a word, so that a flood of them takes
 * no more descriptors than that.
 */
final class RefusedConnection extends ChannelInboundHandlerAdapter {
  private static final int MOST = 64;
  private static final int LINGER_MS = 1000;
  private static final ApiError FULL =
      ApiError.unavailable("too_many_connections", "the server has as many connections as it may");

  private final AtomicInteger lingering;

  /**
   * @param lingering how many there are; shared by those of a listener
   */
  RefusedConnection(AtomicInteger lingering) {
    this.lingering = lingering;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    if (lingering.incrementAndGet() > MOST) {
      Transport.close(ctx.channel());
      return;
    }
    Body body = Body.json(FULL.body().toJson());
    ByteBuf out = ctx.alloc().buffer(body.bytes().length + 256);
    HttpHead.of(out, FULL.status(), body, false);
    out.writeBytes(body.bytes());
    var _ =
        ctx.writeAndFlush(out)
            .addListener(
                _ -> {
                  var _ = ((DuplexChannel) ctx.channel()).shutdownOutput();
                });
    var _ =
        ctx.executor()
            .schedule(() -> Transport.close(ctx.channel()), LINGER_MS, TimeUnit.MILLISECONDS);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object bytes) {
    ReferenceCountUtil.release(bytes);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    lingering.decrementAndGet();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    Transport.close(ctx.channel()); // Its client has left.
  }
}
