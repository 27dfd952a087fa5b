package dev.freshet.client;

import dev.freshet.trace.TraceId;
import dev.freshet.trace.TraceParent;
import dev.freshet.wire.AdminToken;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/**
 * One admin request, part of {@code span}; {@code readDeadline} bounds the time from its last byte
 * to the answer's, and {@code token} is what the server knows its operators by.
 */
record AdminRequest(
    String method,
    Origin origin,
    String path,
    byte[] body,
    TraceId trace,
    TraceParent span,
    Optional<AdminToken> token,
    Duration readDeadline) {
  String url() {
    return origin.root() + path;
  }

  /** What errors call it. */
  String call() {
    return method + " " + url();
  }

  /** The request as it goes over the wire, for a connection that serves it alone. */
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
