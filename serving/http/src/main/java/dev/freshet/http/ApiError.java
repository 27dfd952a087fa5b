package dev.freshet.http;

import dev.freshet.wire.ErrorBody;
import dev.freshet.wire.WireException;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.Map;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An error answer: the HTTP status and the body.
 *
 * @param headers headers of its own, in lower case
 */
public record ApiError(int status, ErrorBody body, Map<String, String> headers) {
  private static final Logger LOG = LoggerFactory.getLogger(ApiError.class);

  private static final String BESIDE_SESSION =
      " ('session:NAME' is a session, not a key: send the key in the other header, or name the"
          + " session in the path, /s/NAME/v1)";

  public ApiError {
    headers = Map.copyOf(headers);
  }

  /** An error without headers of its own. */
  public ApiError(int status, ErrorBody body) {
    this(status, body, Map.of());
  }

  /** The answer whose body {@code form} writes. */
  Body toBody(Function<ErrorBody, byte[]> form) {
    return new Body("application/json", form.apply(body), headers);
  }

  public static ApiError invalid(String code, String message) {
    return new ApiError(400, new ErrorBody(message, "invalid_request_error", code));
  }

  public static ApiError notFound(String code, String message) {
    return new ApiError(404, new ErrorBody(message, "not_found_error", code));
  }

  static ApiError noSuchRoute(String path) {
    return notFound("no_such_route", "no such route: " + path);
  }

  /**
   * The answer to a method that a resource does not have.
   *
   * @param allowed the methods that it has, separated by commas
   */
  static ApiError methodNotAllowed(String method, String path, String allowed) {
    return new ApiError(
        405,
        new ErrorBody(
            "%s %s: expected %s".formatted(method, path, allowed),
            "invalid_request_error",
            "method_not_allowed"),
        Map.of("allow", allowed));
  }

  /**
   * The answer to a request without a valid API key.
   *
   * @param headers of the request
   */
  public static ApiError noApiKey(String path, HttpHeaders headers) {
    return new ApiError(
        401,
        new ErrorBody(
            "%s: expected a valid API key in the header 'Authorization: Bearer' or 'x-api-key'%s"
                .formatted(path, SessionKey.of(headers).isPresent() ? BESIDE_SESSION : ""),
            "invalid_request_error",
            "invalid_api_key"),
        Map.of("www-authenticate", "Bearer"));
  }

  public static ApiError forbidden(String message) {
    return new ApiError(403, new ErrorBody(message, "permission_error", "forbidden"));
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
      case WireException e ->
          new ApiError(
              400,
              new ErrorBody(e.getMessage(), "invalid_request_error", "invalid_request", e.field()));
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
