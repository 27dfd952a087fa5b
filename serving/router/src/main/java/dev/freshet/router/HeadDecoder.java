package dev.freshet.router;

import dev.freshet.trace.Quoted;
import dev.freshet.wire.WireException;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Netty's decoder of answers, called outside a pipeline and for heads only: the bytes of a body do
 * not pass through it. One for each connection.
 */
final class HeadDecoder extends HttpResponseDecoder {
  private static final int MAX_LINE_BYTES = 8 << 10;
  private static final int MAX_HEADER_BYTES = 64 << 10;

  HeadDecoder() {
    super(
        new HttpDecoderConfig()
            .setMaxInitialLineLength(MAX_LINE_BYTES)
            .setMaxHeaderSize(MAX_HEADER_BYTES));
  }

  /**
   * Reads a head, or as much of it as there is in whole lines, and moves the reader index past it.
   *
   * @throws WireException if it is malformed
   */
  @SuppressWarnings("NullAway") // The decoder of HTTP/1.1 does not use its context.
  Optional<HttpResponse> read(ByteBuf in) {
    List<Object> parts = new ArrayList<>(2);
    try {
      decode(null, in, parts);
    } catch (Exception e) {
      throw new WireException("malformed HTTP answer: " + Quoted.escaped(e.toString()));
    }
    if (parts.isEmpty()) {
      return Optional.empty();
    }
    reset();
    if (!(parts.getFirst() instanceof HttpResponse head) || head.decoderResult().isFailure()) {
      throw new WireException("malformed HTTP answer: expected a status line and headers");
    }
    return Optional.of(head);
  }
}
