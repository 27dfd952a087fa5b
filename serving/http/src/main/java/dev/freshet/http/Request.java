package dev.freshet.http;

import dev.freshet.trace.TraceId;
import dev.freshet.wire.ErrorBody;
import java.util.Map;

/**
 * A request, read to its end.
 *
 * @param path the path without the query
 * @param query the query's parameters; of a repeated one the first
 * @param authorization the header of that name, or empty text
 * @param requestId the header {@code x-request-id}, or empty text
 * @param accept the header of that name, or empty text
 * @param acceptEncoding the header {@code accept-encoding}, or empty text
 * @param lastEventId the header {@code last-event-id}, or empty text
 * @param origin the header of that name, which web pages send with what they ask, or empty text
 * @param fromThisHost whether it came over the loopback interface
 * @param trace the id it came with, or a fresh one
 * @param recvNanos when its first byte arrived, on the event log's clock
 */
public record Request(
    String method,
    String path,
    Map<String, String> query,
    String authorization,
    String requestId,
    String accept,
    String acceptEncoding,
    String lastEventId,
    String origin,
    boolean fromThisHost,
    byte[] body,
    TraceId trace,
    long recvNanos) {
  /** Refuses every method but {@code expected}. */
  public void require(String expected) {
    if (!method.equals(expected)) {
      throw new ApiException(
          new ApiError(
              405,
              new ErrorBody(
                  "%s %s: expected %s".formatted(method, path, expected),
                  "invalid_request_error",
                  "method_not_allowed")));
    }
  }
}
