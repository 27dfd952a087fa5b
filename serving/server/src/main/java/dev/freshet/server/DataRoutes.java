package dev.freshet.server;

import dev.freshet.http.ApiError;
import dev.freshet.http.Exchange;
import dev.freshet.http.Request;
import dev.freshet.http.Routes;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.TraceParent;
import java.util.Optional;

/**
 * The routes of the data listener: completions, models, and, for peers that use one port, the admin
 * routes. Other hosts need a token for the admin routes: permission to stream completions does not
 * include permission to swap weights.
 */
final class DataRoutes implements Routes {
  private final Completions completions;
  private final AdminRoutes admin;

  DataRoutes(Completions completions, AdminRoutes admin) {
    this.completions = completions;
    this.admin = admin;
  }

  @Override
  public void arrived(String path, TraceId trace, Optional<TraceParent> parent, long recvNanos) {
    admin.arrived(path, trace, parent, recvNanos);
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
        completions.handle(request, exchange);
      }
      case "/v1/models" -> {
        request.require("GET");
        exchange.answer(200, completions.models());
      }
      default -> {
        admin.requireTrusted(request);
        admin.handle(request, exchange);
      }
    }
  }
}
