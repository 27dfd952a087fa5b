package dev.freshet.server;

import dev.freshet.http.ApiError;
import dev.freshet.http.ApiException;
import dev.freshet.http.Request;
import dev.freshet.http.SessionKey;
import dev.freshet.server.session.SessionName;
import java.util.Optional;
import java.util.Set;

/**
 * The session of a request, and the route in it. The session is in the path, {@code
 * /s/<session>/v1/…}, or it is the key of a request that generates: {@code session:<session>} as
 * bearer or as {@code x-api-key}.
 *
 * @param route the rest of the path: empty for the session itself
 */
record SessionPath(SessionName session, String route) {
  private static final String ROOT = "/s/";

  /** The routes whose requests a session captures. */
  static final Set<String> CAPTURED =
      Set.of(
          "/v1/completions",
          "/v1/chat/completions",
          "/v1/messages",
          "/v1/responses",
          "/inference/v1/generate");

  /**
   * That of a request; empty if it has no session.
   *
   * @throws dev.freshet.wire.WireException if the session's name is malformed
   */
  static Optional<SessionPath> of(Request request) {
    String path = request.path();
    if (path.startsWith(ROOT)) {
      int end = path.indexOf('/', ROOT.length());
      return Optional.of(
          end < 0
              ? new SessionPath(new SessionName(path.substring(ROOT.length())), "")
              : new SessionPath(
                  new SessionName(path.substring(ROOT.length(), end)), path.substring(end)));
    }
    if (!CAPTURED.contains(path)) {
      return Optional.empty();
    }
    return SessionKey.of(request.headers())
        .map(session -> new SessionPath(new SessionName(session), path));
  }

  /** Whether a path names a session. */
  static boolean isBelowOne(String path) {
    return path.startsWith(ROOT);
  }

  /** The error for a route that sessions do not have. */
  ApiException noSuchRoute() {
    return new ApiException(
        ApiError.notFound(
            "no_such_route",
            ("no such route of session %s: %s (expected one of the routes below /v1, /reward or"
                    + " /finish_session)")
                .formatted(session, route)));
  }
}
