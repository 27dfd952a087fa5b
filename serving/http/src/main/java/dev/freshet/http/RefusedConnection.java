package dev.freshet.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A connection above the listener's limit. It is answered 503 without reading a request, and kept
 * open for {@link #LINGER} so that its client can read the answer. At most {@value #MAX_LINGERING}
 * linger at once; further ones are closed without an answer, which bounds the file descriptors.
 */
final class RefusedConnection extends ChannelInboundHandlerAdapter {
  private static final int MAX_LINGERING = 64;
  private static final Duration LINGER = Duration.ofSeconds(1);
  private static final ApiError FULL =
      ApiError.unavailable(
          "too_many_connections", "the server has reached its limit of connections; retry later");

  private final AtomicInteger lingering;

  /**
   * @param lingering the number of lingering connections, shared by those of a listener
   */
  RefusedConnection(AtomicInteger lingering) {
    this.lingering = lingering;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    if (lingering.incrementAndGet() > MAX_LINGERING) {
      Transport.close(ctx.channel());
      return;
    }
    Body body = Body.json(FULL.body().toJson());
    LingeringClose.after(
        ctx, AnswerEncoder.answer(ctx.alloc(), FULL.status(), body, false), LINGER);
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
    Transport.close(ctx.channel()); // The client has disconnected.
  }
}
