package dev.freshet.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.DuplexChannel;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Closes a connection whose client may still be sending. Closing over unread bytes would reset the
 * connection before the client has read the answer, so only the sending direction ends at once; the
 * rest ends with the client's.
 */
final class LingeringClose {
  private LingeringClose() {}

  /**
   * Sends {@code last}, ends the sending direction, and closes the connection after {@code linger}.
   */
  static void after(ChannelHandlerContext ctx, ByteBuf last, Duration linger) {
    var _ =
        ctx.writeAndFlush(last)
            .addListener(
                _ -> {
                  var _ = ((DuplexChannel) ctx.channel()).shutdownOutput();
                });
    var _ =
        ctx.executor()
            .schedule(
                () -> Transport.close(ctx.channel()), linger.toMillis(), TimeUnit.MILLISECONDS);
  }
}
