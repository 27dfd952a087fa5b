package dev.freshet.lab.load;

import dev.freshet.wire.ApiKeys;
import dev.freshet.wire.Bearer;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Encodes the requests of streams as HTTP.
 *
 * @param authorization a line of the head, or empty text
 */
record StreamRequests(URI server, StreamRoute route, String authorization) {
  /** Requests to {@code server} with the API key of the environment, if it has one. */
  static StreamRequests of(URI server, StreamRoute route) {
    return new StreamRequests(
        server,
        route,
        ApiKeys.ofClient("")
            .map(key -> "authorization: " + Bearer.header(key) + "\r\n")
            .orElse(""));
  }

  /** Head and body; the connection is closed after the response. */
  byte[] bytes(int promptTokens, int maxTokens) {
    byte[] body = route.body(promptTokens, maxTokens);
    byte[] head =
        """
        POST %s HTTP/1.1\r
        host: %s\r
        content-type: application/json\r
        connection: close\r
        content-length: %d\r
        %s\r
        """
            .formatted(route.path(), server.getAuthority(), body.length, authorization)
            .getBytes(StandardCharsets.US_ASCII);
    byte[] whole = Arrays.copyOf(head, head.length + body.length);
    System.arraycopy(body, 0, whole, head.length, body.length);
    return whole;
  }
}
