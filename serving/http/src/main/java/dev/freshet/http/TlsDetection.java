package dev.freshet.http;

import dev.freshet.wire.ErrorBody;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.concurrent.Executor;

/**
 * Looks at the first byte of a connection to a TLS listener. A handshake goes to TLS; anything else
 * is a client that speaks plain HTTP, which learns that from an answer that it can read.
 */
final class TlsDetection extends ChannelInboundHandlerAdapter {
  /** The type of a record that begins a handshake (RFC 8446, section 5.1). */
  private static final int HANDSHAKE_RECORD = 22;

  private static final Duration LINGER = Duration.ofSeconds(2);

  private final Tls tls;
  private final Executor handshakes;
  private boolean refused;

  TlsDetection(Tls tls, Executor handshakes) {
    this.tls = tls;
    this.handshakes = handshakes;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (refused || !(message instanceof ByteBuf bytes) || !bytes.isReadable()) {
      ReferenceCountUtil.release(message);
    } else if (bytes.getUnsignedByte(bytes.readerIndex()) == HANDSHAKE_RECORD) {
      ctx.pipeline().replace(this, "tls", tls.handler(ctx.alloc(), handshakes));
      ctx.fireChannelRead(bytes);
    } else {
      refused = true;
      bytes.release();
      LingeringClose.after(ctx, plainHttp(ctx), LINGER);
    }
  }

  private static ByteBuf plainHttp(ChannelHandlerContext ctx) {
    return AnswerEncoder.answer(
        ctx.alloc(),
        400,
        ApiError.invalid(
                "plain_http_on_tls_port", "a plain HTTP request to an HTTPS port; use https://")
            .toBody(ErrorBody::toJson),
        AnswerForm.PLAIN);
  }
}
