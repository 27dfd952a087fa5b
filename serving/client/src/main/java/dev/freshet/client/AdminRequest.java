package dev.freshet.client;

import dev.freshet.trace.TraceId;
import dev.freshet.trace.TraceParent;
import dev.freshet.wire.AdminToken;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/**
 * One admin request.
 *
 * @param span the span that the request belongs to
 * @param token authenticates the client
 * @param deadline from connecting to the last byte of the answer
 */
record AdminRequest(
    String method,
    Origin origin,
    String path,
    byte[] body,
    TraceId trace,
    TraceParent span,
    Optional<AdminToken> token,
    Duration deadline) {
  String url() {
    return origin.root() + path;
  }

  /** Method and URL, as errors name the request. */
  String call() {
    return method + " " + url();
  }

  /** The bytes of the request, for a connection that carries no other. */
  ByteBuffer toHttp() {
    StringBuilder head = new StringBuilder(256);
    head.append(method).append(' ').append(path).append(" HTTP/1.1\r\n");
    header(head, "host", origin.authority());
    header(head, "connection", "close");
    header(head, "accept", "application/json");
    header(head, TraceId.HEADER, trace.hex());
    header(head, TraceParent.HEADER, span.header());
    token.ifPresent(secret -> header(head, "authorization", secret.header()));
    if (method.equals("POST")) {
      header(head, "content-type", "application/json");
      header(head, "content-length", Integer.toString(body.length));
    }
    byte[] bytes = head.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocate(bytes.length + body.length).put(bytes).put(body).flip();
  }

  private static void header(StringBuilder head, String name, String value) {
    head.append(name).append(": ").append(value).append("\r\n");
  }
}
