package dev.freshet.router;

import dev.freshet.http.ApiError;
import dev.freshet.wire.ErrorBody;
import java.util.Locale;
import java.util.Map;

/**
 * Why a request was not relayed, or not to its end. The client gets it as an error in OpenAI's
 * shape, whose message names the replica and what happened.
 */
record Failure(Reason reason, String message) {
  /** The reasons, each with the status of its answer. */
  enum Reason {
    /** No connection to a replica. */
    CONNECT(502),
    /** A replica took too long to accept a connection. */
    CONNECT_TIMEOUT(504),
    /** A connection ended before the first byte of the answer. */
    CLOSED(502),
    /** A connection ended within the answer. */
    BROKEN(502),
    /** What came was not an answer. */
    MALFORMED(502),
    /** No first byte in time. */
    FIRST_BYTE_TIMEOUT(504),
    /** No further byte in time. */
    IDLE_TIMEOUT(504),
    /** No replica may take the request. */
    NO_REPLICA(503),
    /** Too many requests wait already. */
    OVERLOADED(503),
    /** The front is shutting down. */
    SHUTTING_DOWN(503);

    private final int status;

    Reason(int status) {
      this.status = status;
    }

    /** The name in errors and metrics. */
    String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  static Failure of(Reason reason, Upstream upstream, String what) {
    return new Failure(reason, "replica %s: %s".formatted(upstream.name(), what));
  }

  ErrorBody body() {
    String type = reason.status == 503 ? "overloaded_error" : "upstream_error";
    return new ErrorBody(message, type, "upstream_" + reason.wireName());
  }

  /** The answer to the request with that id. */
  ApiError error(String requestId) {
    return new ApiError(
        reason.status, body(), Map.of(RelayedRequest.REQUEST_ID.toString(), requestId));
  }
}
