package dev.freshet.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;

/** Writes the heads of answers. */
final class HttpHead {
  /** Has a browser ask for the token, as the password to any name. */
  private static final String AUTHENTICATE = "www-authenticate: Basic realm=\"freshet\"\r\n";

  private HttpHead() {}

  /** The head of an answer that has this body. */
  static void of(ByteBuf out, int status, Body body, boolean keepAlive) {
    ascii(
        out,
        "HTTP/1.1 %s\r\ncontent-type: %s\r\ncontent-length: %d\r\n%s%s%s\r\n"
            .formatted(
                HttpResponseStatus.valueOf(status),
                body.contentType(),
                body.bytes().length,
                body.gzipped() ? "content-encoding: gzip\r\n" : "",
                status == 503 ? "retry-after: 1\r\n" : status == 401 ? AUTHENTICATE : "",
                connection(keepAlive)));
  }

  /** The head of a stream of events, chunked or ended by closing the connection. */
  static void events(ByteBuf out, boolean chunked, boolean keepAlive) {
    ascii(
        out,
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
            + "cache-control: no-cache\r\n"
            + (chunked ? "transfer-encoding: chunked\r\n" : "")
            + connection(keepAlive)
            + "\r\n");
  }

  private static String connection(boolean keepAlive) {
    return keepAlive ? "connection: keep-alive\r\n" : "connection: close\r\n";
  }

  private static void ascii(ByteBuf out, String text) {
    out.writeCharSequence(text, StandardCharsets.US_ASCII);
  }
}
