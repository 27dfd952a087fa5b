package dev.freshet.router;

import dev.freshet.http.ApiError;
import dev.freshet.http.ApiException;
import dev.freshet.http.Request;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** What decides which replica gets a request. The body is read once, when a policy asks. */
final class RoutedRequest {
  private static final String MIN_VERSION = "x-freshet-min-version";

  /** The headers that name a session, in vllm-router's order. */
  private static final List<String> SESSIONS =
      List.of(
          "x-session-id",
          "x-user-id",
          "x-tenant-id",
          "x-request-id",
          "x-correlation-id",
          "x-trace-id");

  private final RelayedRequest relayed;
  private final OptionalLong minVersion;
  private @Nullable BodyFields fields;

  private RoutedRequest(RelayedRequest relayed, OptionalLong minVersion) {
    this.relayed = relayed;
    this.minVersion = minVersion;
  }

  /**
   * @throws ApiException 400 if {@code x-freshet-min-version} is no number
   */
  static RoutedRequest of(Request request, boolean http11) {
    return new RoutedRequest(RelayedRequest.of(request, http11), minVersion(request));
  }

  private static OptionalLong minVersion(Request request) {
    String text = request.headers().get(MIN_VERSION, "");
    try {
      return text.isEmpty() ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(text.strip()));
    } catch (NumberFormatException e) {
      throw new ApiException(
          ApiError.invalid(
              "invalid_request",
              "%s '%s': expected a policy version".formatted(MIN_VERSION, text)));
    }
  }

  RelayedRequest relayed() {
    return relayed;
  }

  /** The lowest policy version that may answer it. */
  OptionalLong minVersion() {
    return minVersion;
  }

  /** The session that it belongs to: from its headers, else from its body. */
  Optional<String> session() {
    return ofHeaders(relayed.request()).or(() -> fields().session());
  }

  /** The session that the headers of a request name. */
  static Optional<String> ofHeaders(Request request) {
    return SESSIONS.stream()
        .map(name -> request.headers().get(name, "").strip())
        .filter(value -> !value.isEmpty())
        .findFirst();
  }

  /** The bytes of the body from its prompt on; the whole body if no prompt is found. */
  byte[] prompt() {
    byte[] body = relayed.body();
    return Arrays.copyOfRange(body, fields().promptStart().orElse(0), body.length);
  }

  private BodyFields fields() {
    if (fields == null) {
      fields = BodyFields.of(relayed.body());
    }
    return fields;
  }
}
