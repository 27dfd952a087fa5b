package dev.freshet.router;

import dev.freshet.http.ApiError;
import dev.freshet.http.ApiException;
import dev.freshet.http.Request;
import dev.freshet.http.SessionKey;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** What decides which replica gets a request. The body is read once, when a policy asks. */
final class RoutedRequest {
  private static final String MIN_VERSION = "x-freshet-min-version";

  /** Where the paths of agents' sessions begin. */
  private static final String AGENTS = "/s/";

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

  /**
   * The session that it belongs to: that of an agent, from its path or key, because one replica
   * holds its capture; else from its headers, else from its body.
   */
  Optional<String> session() {
    Request request = relayed.request();
    return ofPath(request.path())
        .or(() -> SessionKey.of(request.headers()))
        .or(() -> ofHeaders(request))
        .or(() -> fields().session());
  }

  /**
   * The session of an agent that the request ends at its replica: {@code DELETE /s/<session>},
   * {@code POST /s/<session>/reward} or {@code /s/<session>/finish_session}.
   */
  Optional<String> endedSession() {
    Request request = relayed.request();
    return ofPath(request.path())
        .filter(
            session -> {
              String route = request.path().substring(AGENTS.length() + session.length());
              return switch (request.method()) {
                case "DELETE" -> route.isEmpty();
                case "POST" -> route.equals("/reward") || route.equals("/finish_session");
                default -> false;
              };
            });
  }

  /** The session in {@code /s/<session>} and the paths below it. */
  private static Optional<String> ofPath(String path) {
    if (!path.startsWith(AGENTS)) {
      return Optional.empty();
    }
    int end = path.indexOf('/', AGENTS.length());
    return Optional.of(path.substring(AGENTS.length(), end < 0 ? path.length() : end))
        .filter(session -> !session.isEmpty());
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
