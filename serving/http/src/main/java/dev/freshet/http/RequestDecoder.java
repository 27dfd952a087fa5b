package dev.freshet.http;

import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequestDecoder;

/**
 * Netty's decoder of requests, which refuses a request with two lengths instead of choosing one.
 */
final class RequestDecoder extends HttpRequestDecoder {
  RequestDecoder() {
    super(
        new HttpDecoderConfig()
            .setMaxInitialLineLength(HeadRules.MAX_LINE_BYTES)
            .setMaxHeaderSize(HeadRules.MAX_HEADER_BYTES));
  }

  @Override
  protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
    throw new IllegalArgumentException(
        "Content-Length and Transfer-Encoding: expected one of them, got both");
  }
}
