package dev.freshet.router;

import dev.freshet.http.ApiError;
import dev.freshet.http.ApiException;
import dev.freshet.http.Exchange;
import dev.freshet.http.Request;
import dev.freshet.http.Routes;
import dev.freshet.http.StatusPages;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.TraceParent;
import dev.freshet.wire.AdminToken;
import dev.freshet.wire.ErrorBody;
import dev.freshet.wire.WireWriter;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The routes of the front's admin listener: its health, the replicas, and the status pages. If a
 * token is configured, every route except the probe {@code /health} requires it.
 */
final class FrontAdminRoutes implements Routes {
  static final String HEALTH = "/health";
  private static final String REPLICAS = "/replicas";
  private static final String WORKERS = "/v1/rl/workers";
  private static final Set<String> OWN = Set.of(REPLICAS, WORKERS, "/metrics", "/debug/waits");

  private final Supplier<Candidates> table;
  private final Optional<AdminToken> token;
  private final StatusPages pages;
  private volatile boolean closing;

  FrontAdminRoutes(Supplier<Candidates> table, Optional<AdminToken> token, StatusPages pages) {
    this.table = table;
    this.token = token;
    this.pages = pages;
  }

  /** Makes {@code /health} answer 503 from now on. */
  void close() {
    closing = true;
  }

  boolean requiresToken() {
    return token.isPresent();
  }

  /** Whether the front answers {@code path} itself, on the admin listener or with a token. */
  boolean has(String path) {
    return OWN.contains(path);
  }

  @Override
  public void arrived(String path, TraceId trace, Optional<TraceParent> parent, long recvNanos) {}

  @Override
  public boolean isProbe(String path) {
    return path.equals(HEALTH);
  }

  @Override
  public void handle(Request request, Exchange exchange) {
    if (request.path().equals(HEALTH)) {
      request.require("GET");
      health(exchange);
      return;
    }
    requireToken(request);
    switch (request.path()) {
      case REPLICAS -> {
        request.require("GET");
        exchange.answer(200, ReplicasJson.replicas(table.get()));
      }
      case WORKERS -> {
        request.require("GET");
        exchange.answer(200, ReplicasJson.workers(table.get()));
      }
      default -> pages.handle(request, exchange);
    }
  }

  private void requireToken(Request request) {
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

  /** Healthy while a replica takes requests. */
  private void health(Exchange exchange) {
    List<Upstream> routable = table.get().of(OptionalLong.empty(), Set.of());
    int all = table.get().all().size();
    if (closing) {
      exchange.answer(ApiError.shuttingDown());
    } else if (routable.isEmpty()) {
      exchange.answer(
          ApiError.unavailable(
              "no_replica", "none of %d replicas takes requests; see /replicas".formatted(all)));
    } else {
      exchange.answer(
          200,
          WireWriter.object(
              out -> {
                out.writeStringProperty("status", "ok");
                out.writeNumberProperty("replicas", all);
                out.writeNumberProperty("routable", routable.size());
              }));
    }
  }
}
