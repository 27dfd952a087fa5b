package dev.freshet.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * What lets a page of an allowed origin use a listener: a header of each answer, and the answer to
 * a preflight (Fetch standard, section 4.8), by which a browser asks before it sends what the page
 * wants to send. A preflight carries no credentials, so it needs no API key.
 */
public final class Cors {
  private static final String METHODS = "GET, HEAD, POST";
  private static final String MAX_AGE_S = "600";

  private Cors() {}

  /** Whether a request of an allowed origin is a preflight. */
  static boolean isPreflight(HttpRequest head) {
    return head.method().equals(HttpMethod.OPTIONS)
        && head.headers().contains(HttpHeaderNames.ACCESS_CONTROL_REQUEST_METHOD);
  }

  /** Permits the headers that a preflight asks for. */
  static Body permission(HttpHeaders preflight) {
    return new Body(
        "text/plain; charset=utf-8",
        "OK".getBytes(StandardCharsets.US_ASCII),
        Map.of(
            "access-control-allow-methods",
            METHODS,
            "access-control-allow-headers",
            preflight.get(HttpHeaderNames.ACCESS_CONTROL_REQUEST_HEADERS, "*"),
            "access-control-max-age",
            MAX_AGE_S));
  }

  /** Lets a page of {@code origin} read the answer; does nothing for empty text. */
  public static void permit(HttpHeaders answer, String origin) {
    if (!origin.isEmpty()) {
      answer
          .set(HttpHeaderNames.ACCESS_CONTROL_ALLOW_ORIGIN, origin)
          .add(HttpHeaderNames.VARY, HttpHeaderNames.ORIGIN);
    }
  }
}
