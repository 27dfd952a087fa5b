package dev.freshet.router;

import dev.freshet.http.Cors;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.AsciiString;
import java.util.List;

/**
 * The head of a replica's answer: how its body ends, and the head that the client gets, which
 * differs in the fields of the connection, {@code X-Request-Id}, the permission for the web page
 * that asked, and {@code X-Accel-Buffering: no} for an event stream, so that no proxy in front
 * holds tokens back.
 */
record AnswerHead(HttpResponse head, HttpMethod method) {
  private static final int HEAD_BYTES = 512;
  private static final AsciiString ACCEL_BUFFERING = AsciiString.cached("x-accel-buffering");
  private static final String EVENTS = "text/event-stream";
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

  /** Whether another head follows for the same request. */
  boolean isInterim() {
    return head.status().codeClass() == HttpStatusClass.INFORMATIONAL;
  }

  int status() {
    return head.status().code();
  }

  boolean isEventStream() {
    String type = head.headers().get(HttpHeaderNames.CONTENT_TYPE, "");
    return type.regionMatches(true, 0, EVENTS, 0, EVENTS.length());
  }

  /** Whether it is an event stream to which an event can be added. */
  boolean isPlainEventStream() {
    return isEventStream() && !head.headers().contains(HttpHeaderNames.CONTENT_ENCODING);
  }

  /** Whether the replica keeps its connection open after this answer. */
  boolean keepsAlive() {
    return HttpUtil.isKeepAlive(head);
  }

  /** How the body ends. */
  BodyEnd bodyEnd() {
    if (hasNoBody()) {
      return BodyEnd.length(0);
    }
    List<String> codings = head.headers().getAll(HttpHeaderNames.TRANSFER_ENCODING);
    if (!codings.isEmpty()) {
      String last = codings.getLast();
      String coding = last.substring(last.lastIndexOf(',') + 1).strip();
      return HttpHeaderValues.CHUNKED.contentEqualsIgnoreCase(coding)
          ? BodyEnd.chunked()
          : BodyEnd.ofConnection();
    }
    long length = HttpUtil.getContentLength(head, -1L);
    return length < 0 ? BodyEnd.ofConnection() : BodyEnd.length(length);
  }

  private boolean hasNoBody() {
    return method.equals(HttpMethod.HEAD)
        || isInterim()
        || status() == HttpResponseStatus.NO_CONTENT.code()
        || status() == HttpResponseStatus.NOT_MODIFIED.code();
  }

  /** An interim head for the client. */
  ByteBuf encodeInterim(ByteBufAllocator allocator) {
    return encode(allocator, HopByHop.without(head.headers()));
  }

  /**
   * The head for the client.
   *
   * @param origin the origin of the web page that may read the answer, or empty text
   * @param keepAlive whether the client's connection stays open after the answer
   */
  ByteBuf encode(ByteBufAllocator allocator, String requestId, String origin, boolean keepAlive) {
    HttpHeaders headers = HopByHop.without(head.headers());
    if (method.equals(HttpMethod.HEAD) || !hasNoBody()) {
      head.headers()
          .getAll(HttpHeaderNames.TRANSFER_ENCODING)
          .forEach(coding -> headers.add(HttpHeaderNames.TRANSFER_ENCODING, coding));
    }
    headers.set(
        HttpHeaderNames.CONNECTION,
        keepAlive ? HttpHeaderValues.KEEP_ALIVE : HttpHeaderValues.CLOSE);
    if (!headers.contains(RelayedRequest.REQUEST_ID)) {
      headers.set(RelayedRequest.REQUEST_ID, requestId);
    }
    Cors.permit(headers, origin);
    if (isEventStream()) {
      headers.set(ACCEL_BUFFERING, "no");
    }
    return encode(allocator, headers);
  }

  private ByteBuf encode(ByteBufAllocator allocator, HttpHeaders headers) {
    ByteBuf out = allocator.ioBuffer(HEAD_BYTES);
    ENCODER.encode(out, new DefaultHttpResponse(HttpVersion.HTTP_1_1, head.status(), headers));
    return out;
  }
}
