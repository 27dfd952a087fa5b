package dev.freshet.http;

import dev.freshet.trace.TraceId;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.Map;

/**
 * A request that was read whole.
 *
 * @param target path and query as the client wrote them, without the authority of an absolute URL
 * @param path the decoded path without the query
 * @param query the query's parameters; the first value of a repeated one
 * @param headers all headers, in the client's order; not to be changed
 * @param authorization the header of that name, or empty text
 * @param requestId the header {@code x-request-id}, or empty text
 * @param accept the header of that name, or empty text
 * @param acceptEncoding the header {@code accept-encoding}, or empty text
 * @param lastEventId the header {@code last-event-id}, or empty text
 * @param origin the header of that name, which browsers send for web pages, or empty text
 * @param trace the trace id of its headers, or a random one
 * @param recvNanos when its first byte arrived, on the event log's clock
 */
public record Request(
    String method,
    String target,
    String path,
    Map<String, String> query,
    HttpHeaders headers,
    String authorization,
    String requestId,
    String accept,
    String acceptEncoding,
    String lastEventId,
    String origin,
    byte[] body,
    TraceId trace,
    long recvNanos) {
  /**
   * Requires the method {@code expected}, or {@code HEAD} for {@code GET}.
   *
   * @throws ApiException 405 for another method
   */
  public void require(String expected) {
    boolean get = expected.equals("GET");
    if (!method.equals(expected) && !(get && method.equals("HEAD"))) {
      throw new ApiException(ApiError.methodNotAllowed(method, path, get ? "GET, HEAD" : expected));
    }
  }
}
