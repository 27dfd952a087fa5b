package dev.freshet.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslHandler;
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
    var _ = ctx.writeAndFlush(last).addListener(_ -> endOutput(ctx.channel()));
    var _ =
        ctx.executor()
            .schedule(
                () -> Transport.close(ctx.channel()), linger.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Ends the sending direction, that of TLS first. */
  private static void endOutput(Channel channel) {
    SslHandler tls = channel.pipeline().get(SslHandler.class);
    if (tls == null) {
      var _ = ((DuplexChannel) channel).shutdownOutput();
    } else {
      var _ =
          tls.closeOutbound()
              .addListener(
                  _ -> {
                    var _ = ((DuplexChannel) channel).shutdownOutput();
                  });
    }
  }
}
