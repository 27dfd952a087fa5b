package dev.freshet.lab.route;

import dev.freshet.http.Transport;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/** A client of one stream: reads the stamp of each event as it arrives, whatever is around it. */
final class StampedStream extends ChannelInboundHandlerAdapter {
  private final StampedLoad load;
  private final byte[] request;
  private int matched;
  private int digits;
  private long stamp;
  private boolean begun;

  StampedStream(StampedLoad load, byte[] request) {
    this.load = load;
    this.request = request;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    var _ = ctx.writeAndFlush(Unpooled.wrappedBuffer(request), ctx.voidPromise());
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf in = (ByteBuf) message;
    long now = System.nanoTime();
    try {
      for (int at = in.readerIndex(); at < in.writerIndex(); at++) {
        next(in.getByte(at), now);
      }
    } finally {
      in.release();
    }
  }

  private void next(byte b, long now) {
    if (matched < StampedEvent.MARKER.length) {
      matched = b == StampedEvent.MARKER[matched] ? matched + 1 : b == '"' ? 1 : 0;
      return;
    }
    stamp = stamp * 10 + (b - '0');
    if (++digits == StampedEvent.DIGITS) {
      if (!begun) {
        begun = true;
        load.began();
      }
      load.event(now - stamp);
      matched = 0;
      digits = 0;
      stamp = 0;
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    load.ended(begun);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    Transport.close(ctx.channel());
  }
}
