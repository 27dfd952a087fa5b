package dev.freshet.client;

import dev.freshet.trace.TraceId;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import java.time.Duration;
import java.util.Optional;

/**
 * One admin request; {@code readDeadline} bounds the time from its last byte to the answer's, and
 * {@code token} is what the server knows its operators by.
 */
record AdminRequest(
    HttpMethod method,
    Origin origin,
    String path,
    byte[] body,
    TraceId trace,
    Optional<AdminToken> token,
    Duration readDeadline) {
  String url() {
    return origin.root() + path;
  }

  /** What errors call it. */
  String call() {
    return method + " " + url();
  }

  FullHttpRequest toHttp() {
    FullHttpRequest http =
        new DefaultFullHttpRequest(
            HttpVersion.HTTP_1_1, method, path, Unpooled.wrappedBuffer(body));
    http.headers()
        .set(HttpHeaderNames.HOST, origin.authority())
        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE)
        .set(HttpHeaderNames.ACCEPT, HttpHeaderValues.APPLICATION_JSON)
        .set(TraceId.HEADER, trace.hex());
    token.ifPresent(secret -> http.headers().set(HttpHeaderNames.AUTHORIZATION, secret.header()));
    if (method.equals(HttpMethod.POST)) {
      http.headers()
          .set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON)
          .setInt(HttpHeaderNames.CONTENT_LENGTH, body.length);
    }
    return http;
  }
}
