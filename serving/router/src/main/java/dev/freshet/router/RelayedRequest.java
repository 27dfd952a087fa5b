package dev.freshet.router;

import dev.freshet.http.Request;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestEncoder;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.AsciiString;
import java.util.Optional;

/**
 * A request as the replicas get it: method, target and body as the client sent them, the headers
 * without those of its connection and of the page that it is for, {@code Host} of the replica, and
 * a request id, which is the client's if it sent one and the same in every try. The body has a
 * length, also if the client sent chunks; if the policy is a model of its own, the request gets its
 * name by {@link #ofModel}. A client of HTTP/1.0 is relayed as such, so that the replica frames the
 * answer for it.
 */
record RelayedRequest(
    Request request, HttpMethod method, String id, HttpVersion version, byte[] body) {
  static final AsciiString REQUEST_ID = AsciiString.cached("x-request-id");
  private static final String VIA = "1.1 freshet";
  private static final int HEAD_BYTES = 1 << 10;
  private static final Encoder ENCODER = new Encoder();

  private static final class Encoder extends HttpRequestEncoder {
    /** Keeps no state between two heads. */
    void encode(ByteBuf out, HttpRequest head) {
      try {
        encodeInitialLine(out, head);
      } catch (Exception e) {
        throw new IllegalStateException("cannot encode the request line of " + head.uri(), e);
      }
      encodeHeaders(head.headers(), out);
      out.writeByte('\r').writeByte('\n');
    }
  }

  static RelayedRequest of(Request request, boolean http11) {
    return new RelayedRequest(
        request,
        HttpMethod.valueOf(request.method()),
        request.requestId().isEmpty() ? request.trace().hex() : request.requestId(),
        http11 ? HttpVersion.HTTP_1_1 : HttpVersion.HTTP_1_0,
        request.body());
  }

  /** The same request for {@code model}, if it is for {@code alias}; nothing else is changed. */
  RelayedRequest ofModel(String alias, String model) {
    Optional<byte[]> other = ModelField.replaced(body, alias, model);
    return other.isEmpty() ? this : new RelayedRequest(request, method, id, version, other.get());
  }

  /** Head and body for a replica, or the head alone for a body of more than {@code most} bytes. */
  ByteBuf encode(ByteBufAllocator allocator, String host, int most) {
    HttpHeaders headers = HopByHop.without(request.headers());
    boolean framed =
        request.headers().contains(HttpHeaderNames.CONTENT_LENGTH)
            || request.headers().contains(HttpHeaderNames.TRANSFER_ENCODING);
    headers
        .remove(HttpHeaderNames.EXPECT) // The front has answered it.
        .remove(HttpHeaderNames.ORIGIN) // The front has decided on it and the next.
        .remove("sec-fetch-site")
        .remove(HttpHeaderNames.TRAILER)
        .set(HttpHeaderNames.HOST, host)
        .set(REQUEST_ID, id)
        .add(HttpHeaderNames.VIA, VIA);
    if (framed) {
      headers.setInt(HttpHeaderNames.CONTENT_LENGTH, body.length);
    }
    boolean whole = body.length <= most;
    ByteBuf out = allocator.ioBuffer(HEAD_BYTES + (whole ? body.length : 0));
    ENCODER.encode(out, new DefaultHttpRequest(version, method, request.target(), headers));
    return whole ? out.writeBytes(body) : out;
  }
}
