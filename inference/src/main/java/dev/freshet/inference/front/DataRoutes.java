package dev.freshet.inference.front;

import dev.freshet.trace.TraceId;

/** What the data listener answers: completions, models, and the admin routes for one-port peers. */
final class DataRoutes implements Routes {
  private final Completions completions;
  private final AdminRoutes admin;

  DataRoutes(Completions completions, AdminRoutes admin) {
    this.completions = completions;
    this.admin = admin;
  }

  @Override
  public void arrived(String path, TraceId trace, long recvNanos) {
    admin.arrived(path, trace, recvNanos);
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
      default -> admin.handle(request, exchange);
    }
  }
}
