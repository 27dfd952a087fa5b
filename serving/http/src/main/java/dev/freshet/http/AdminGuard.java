package dev.freshet.http;

import dev.freshet.wire.AdminToken;
import dev.freshet.wire.ErrorBody;
import java.util.Optional;

/**
 * Decides whether a request may use the routes of an admin listener, for all of them except its
 * probes.
 *
 * @param token what every request must have; if empty, none is required
 */
public record AdminGuard(Optional<AdminToken> token) {
  /** Whether requests must have the token. */
  public boolean requiresToken() {
    return token.isPresent();
  }

  /**
   * Rejects a request without the token, and any but GET of a web page, also of a page whose name
   * was made to resolve to this host: a page open in an operator's browser must not swap weights.
   * Programs send no {@code Origin}.
   *
   * @throws ApiException 403 for a web page, 401 without the token
   */
  public void check(Request request) {
    if (!request.method().equals("GET") && !request.origin().isEmpty()) {
      throw new ApiException(
          ApiError.forbidden(
              request.path() + ": expected a program that sends no origin, not a web page"));
    }
    if (token.isPresent() && !token.get().isIn(request.authorization())) {
      throw new ApiException(
          new ApiError(
              401,
              new ErrorBody(
                  request.path()
                      + ": expected the header 'Authorization: Bearer' with the admin token",
                  "authentication_error",
                  "unauthorized")));
    }
  }
}
