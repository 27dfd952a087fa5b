package dev.freshet.http;

import dev.freshet.trace.MonotonicClock;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/**
 * Stamps the arrival of each request's first byte, before anything has looked at it. Stands first
 * in the pipeline. A request that arrives in one read with the end of the one before has that
 * read's time.
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
    if (between) {
      firstNanos = readNanos;
      between = false;
    }
    ctx.fireChannelRead(bytes);
  }

  /** When the first byte of the request being read arrived. */
  long nanos() {
    return between ? readNanos : firstNanos;
  }

  /** The request being read has been read to its end. */
  void requestEnded() {
    between = true;
  }
}
