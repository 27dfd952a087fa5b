package dev.freshet.http;

import dev.freshet.wire.ErrorBody;
import dev.freshet.wire.WireException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An error answer: the HTTP status and the body. */
public record ApiError(int status, ErrorBody body) {
  private static final Logger LOG = LoggerFactory.getLogger(ApiError.class);

  public static ApiError invalid(String code, String message) {
    return new ApiError(400, new ErrorBody(message, "invalid_request_error", code));
  }

  public static ApiError notFound(String code, String message) {
    return new ApiError(404, new ErrorBody(message, "not_found_error", code));
  }

  static ApiError noSuchRoute(String path) {
    return notFound("no_such_route", "no such route: " + path);
  }

  public static ApiError conflict(String message) {
    return new ApiError(409, new ErrorBody(message, "conflict_error", "conflict"));
  }

  public static ApiError shuttingDown() {
    return unavailable("shutting_down", "the server is shutting down");
  }

  public static ApiError unavailable(String code, String message) {
    return new ApiError(503, new ErrorBody(message, "overloaded_error", code));
  }

  public static ApiError internal(String message) {
    return new ApiError(500, new ErrorBody(message, "internal_error", "internal"));
  }

  /** The answer to a request that failed with {@code error}. Unexpected errors are logged. */
  public static ApiError of(Throwable error) {
    return switch (error) {
      case ApiException e -> e.error();
      case WireException e -> invalid("invalid_request", e.getMessage());
      default -> {
        LOG.error("a request failed unexpectedly", error);
        yield internal("unexpected failure: " + message(error));
      }
    };
  }

  /** The message of an error, or its class if it has none. */
  public static String message(Throwable error) {
    String message = error.getMessage();
    return message == null ? error.getClass().getSimpleName() : message;
  }
}
