package dev.freshet.http;

import dev.freshet.trace.MonotonicClock;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/**
 * Stamps the arrival of each request's first byte before the request is decoded. It is the first
 * handler of the pipeline. A request whose first byte arrives in one read with the end of the
 * request before is stamped with the time of that read.
 */
final class FirstByteStamp extends ChannelInboundHandlerAdapter {
  private final MonotonicClock clock;
  private long readNanos;
  private long firstNanos;
  private boolean between = true;

  FirstByteStamp(MonotonicClock clock) {
    this.clock = clock;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object bytes) {
    readNanos = clock.nanos();
    if (between && !isBlank(bytes)) {
      firstNanos = readNanos;
      between = false;
    }
    ctx.fireChannelRead(bytes);
  }

  /** Whether there are only line ends, which some clients send after a request. */
  private static boolean isBlank(Object bytes) {
    return bytes instanceof ByteBuf buffer && buffer.forEachByte(b -> b == '\r' || b == '\n') < 0;
  }

  /** Whether a request has begun whose end was not read yet. */
  boolean inRequest() {
    return !between;
  }

  /** When the first byte of the request being read arrived. */
  long nanos() {
    return between ? readNanos : firstNanos;
  }

  /** Records that the current request was read to its end. */
  void requestEnded() {
    between = true;
  }
}
