package dev.freshet.server;

import dev.freshet.http.ApiError;
import dev.freshet.http.ApiException;
import dev.freshet.http.Exchange;
import dev.freshet.http.Request;
import dev.freshet.http.Routes;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.TraceParent;
import java.util.Optional;

/**
 * The routes of the data listener: completions, tokens, models and probes; with an admin token also
 * the admin routes, for peers that use one port. Permission to stream completions does not include
 * permission to swap weights, and the address of a caller proves nothing: it is that of the last
 * proxy or forwarder.
 */
final class DataRoutes implements Routes {
  /** The route of one model, whose name follows and may have slashes. */
  private static final String MODEL = "/v1/models/";

  private final Completions completions;
  private final TokenRoutes tokens;
  private final AdminRoutes admin;

  DataRoutes(Completions completions, TokenRoutes tokens, AdminRoutes admin) {
    this.completions = completions;
    this.tokens = tokens;
    this.admin = admin;
  }

  @Override
  public void arrived(String path, TraceId trace, Optional<TraceParent> parent, long recvNanos) {
    if (admin.requiresToken()) {
      admin.arrived(path, trace, parent, recvNanos);
    }
  }

  @Override
  public boolean isProbe(String path) {
    return admin.isProbe(path);
  }

  @Override
  public ApiError error(Throwable failure) {
    return ServerErrors.of(failure);
  }

  @Override
  public void handle(Request request, Exchange exchange) {
    switch (request.path()) {
      case "/v1/completions" -> {
        request.require("POST");
        completions.ofText(request, exchange);
      }
      case "/v1/chat/completions" -> {
        request.require("POST");
        completions.ofChat(request, exchange);
      }
      case "/inference/v1/generate" -> {
        request.require("POST");
        completions.ofTokens(request, exchange);
      }
      case "/tokenize" -> {
        request.require("POST");
        tokens.tokenize(request, exchange);
      }
      case "/detokenize" -> {
        request.require("POST");
        tokens.detokenize(request, exchange);
      }
      case "/v1/models" -> {
        request.require("GET");
        exchange.answer(200, completions.models().list());
      }
      case String path when path.startsWith(MODEL) -> {
        request.require("GET");
        exchange.answer(200, completions.models().one(path.substring(MODEL.length())));
      }
      default -> {
        if (!admin.requiresToken() && !admin.isProbe(request.path())) {
          throw new ApiException(
              ApiError.notFound(
                  "no_such_route",
                  ("no such route: %s (weight operations and status pages are on the admin"
                          + " listener; here only if the server has an admin token)")
                      .formatted(request.path())));
        }
        admin.handle(request, exchange);
      }
    }
  }
}
