package dev.freshet.inference.front;

import dev.freshet.client.ErrorBody;
import dev.freshet.client.WireException;
import dev.freshet.inference.EngineException;
import dev.freshet.text.TokenizerException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An error as a client sees it: the HTTP status and the body. */
record ApiError(int status, ErrorBody body) {
  private static final Logger LOG = LoggerFactory.getLogger(ApiError.class);

  static ApiError invalid(String code, String message) {
    return new ApiError(400, new ErrorBody(message, "invalid_request_error", code));
  }

  static ApiError notFound(String code, String message) {
    return new ApiError(404, new ErrorBody(message, "not_found_error", code));
  }

  static ApiError noSuchRoute(String path) {
    return notFound("no_such_route", "no such route: " + path);
  }

  static ApiError unauthorized(String path) {
    return new ApiError(
        401,
        new ErrorBody(
            path + ": expected the header 'Authorization: Bearer' with the admin token",
            "authentication_error",
            "unauthorized"));
  }

  static ApiError forbidden(String path) {
    return new ApiError(
        403,
        new ErrorBody(
            path
                + ": expected a caller on this host, or a server with an admin token, or the admin"
                + " listener",
            "permission_error",
            "forbidden"));
  }

  static ApiError forbiddenToPages(String path) {
    return new ApiError(
        403,
        new ErrorBody(
            path + ": expected a program that sends no origin, not a web page",
            "permission_error",
            "forbidden"));
  }

  static ApiError conflict(String message) {
    return new ApiError(409, new ErrorBody(message, "conflict_error", "conflict"));
  }

  static ApiError shuttingDown() {
    return unavailable("shutting_down", "the server is shutting down");
  }

  static ApiError unavailable(String code, String message) {
    return new ApiError(503, new ErrorBody(message, "overloaded_error", code));
  }

  static ApiError internal(String message) {
    return new ApiError(500, new ErrorBody(message, "internal_error", "internal"));
  }

  /** What a request that ended with {@code error} is answered; what nobody foresaw is logged. */
  static ApiError of(Throwable error) {
    return switch (error) {
      case ApiException e -> e.error();
      case WireException e -> invalid("invalid_request", e.getMessage());
      case TokenizerException e -> invalid("invalid_prompt", message(e));
      case EngineException e ->
          switch (e.kind()) {
            case INVALID -> invalid("invalid_request", message(e));
            case CONFLICT -> conflict(message(e));
            case OVERLOADED -> unavailable("overloaded", message(e));
            case INTERNAL -> {
              LOG.error("the engine failed", e);
              yield internal(message(e));
            }
          };
      default -> {
        LOG.error("a request failed unexpectedly", error);
        yield internal("unexpected failure: " + message(error));
      }
    };
  }

  private static String message(Throwable error) {
    String message = error.getMessage();
    return message == null ? error.getClass().getSimpleName() : message;
  }
}
