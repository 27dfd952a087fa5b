package dev.freshet.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.util.Map;

/**
 * Encodes answers with Netty's encoder, called outside a pipeline: head and body share one buffer,
 * and the chunks of a stream do not pass through it.
 */
final class AnswerEncoder {
  /** An upper bound of a head's size, so that the buffer does not grow. */
  private static final int HEAD_BYTES = 256;

  /** Makes a browser ask for credentials, unless the answer names another scheme. */
  private static final String AUTHENTICATE = "Basic realm=\"freshet\"";

  private static final Encoder ENCODER = new Encoder();

  private static final class Encoder extends HttpResponseEncoder {
    /** Keeps no state between two heads. */
    void encode(ByteBuf out, HttpResponse head) {
      try {
        encodeInitialLine(out, head);
      } catch (Exception e) {
        throw new IllegalStateException("cannot encode the status line of " + head.status(), e);
      }
      encodeHeaders(head.headers(), out);
      out.writeByte('\r').writeByte('\n');
    }
  }

  private AnswerEncoder() {}

  /** A whole answer: head and body. */
  static ByteBuf answer(ByteBufAllocator allocator, int status, Body body, AnswerForm form) {
    HttpResponse head = head(HttpResponseStatus.valueOf(status), form.keepAlive());
    HttpHeaders headers =
        head.headers()
            .set(HttpHeaderNames.CONTENT_TYPE, body.contentType())
            .setInt(HttpHeaderNames.CONTENT_LENGTH, body.bytes().length);
    body.headers().forEach(headers::set);
    Cors.permit(headers, form.origin());
    if (status == HttpResponseStatus.SERVICE_UNAVAILABLE.code()) {
      headers.setInt(HttpHeaderNames.RETRY_AFTER, 1);
    } else if (status == HttpResponseStatus.UNAUTHORIZED.code()
        && !headers.contains(HttpHeaderNames.WWW_AUTHENTICATE)) {
      headers.set(HttpHeaderNames.WWW_AUTHENTICATE, AUTHENTICATE);
    }
    ByteBuf out = allocator.ioBuffer(HEAD_BYTES + (form.headOnly() ? 0 : body.bytes().length));
    ENCODER.encode(out, head);
    return form.headOnly() ? out : out.writeBytes(body.bytes());
  }

  /**
   * The head of an event stream, which is chunked or ends when the connection closes.
   *
   * @param headers headers of its own, in lower case
   */
  static ByteBuf eventsHead(
      ByteBufAllocator allocator, Map<String, String> headers, AnswerForm form) {
    HttpResponse head = head(HttpResponseStatus.OK, form.keepsAliveStream());
    head.headers()
        .set(HttpHeaderNames.CONTENT_TYPE, "text/event-stream; charset=utf-8")
        .set(HttpHeaderNames.CACHE_CONTROL, HttpHeaderValues.NO_CACHE);
    Cors.permit(head.headers(), form.origin());
    headers.forEach(head.headers()::set);
    if (form.http11()) {
      head.headers().set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
    }
    ByteBuf out = allocator.ioBuffer(HEAD_BYTES);
    ENCODER.encode(out, head);
    return out;
  }

  private static HttpResponse head(HttpResponseStatus status, boolean keepAlive) {
    HttpResponse head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, status);
    head.headers()
        .set(
            HttpHeaderNames.CONNECTION,
            keepAlive ? HttpHeaderValues.KEEP_ALIVE : HttpHeaderValues.CLOSE);
    return head;
  }
}
