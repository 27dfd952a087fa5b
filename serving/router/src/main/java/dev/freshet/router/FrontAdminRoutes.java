package dev.freshet.router;

import dev.freshet.http.AdminGuard;
import dev.freshet.http.ApiError;
import dev.freshet.http.Exchange;
import dev.freshet.http.Request;
import dev.freshet.http.Routes;
import dev.freshet.http.StatusPages;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.TraceParent;
import dev.freshet.wire.AdminToken;
import dev.freshet.wire.WireWriter;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The routes of the front's admin listener: its health, the replicas, the weight operations of the
 * fleet, and the status pages. If a token is configured, every route except the probes requires it.
 */
final class FrontAdminRoutes implements Routes {
  static final String HEALTH = "/health";
  private static final String LIVENESS = "/liveness";
  private static final String REPLICAS = "/replicas";
  private static final String WORKERS = "/v1/rl/workers";
  private static final String WEIGHTS = "/weight_info";
  private static final Set<String> OWN =
      Set.of(REPLICAS, WORKERS, WEIGHTS, LIVENESS, "/metrics", "/debug/waits");

  private final Upstreams upstreams;
  private final ReplicasJson replicas;
  private final FleetAnswers fleet;
  private final FleetModels models;
  private final FleetRoutes operations;
  private final PeerRoutes peers;
  private final AdminGuard guard;
  private final StatusPages pages;
  private volatile boolean closing;

  FrontAdminRoutes(
      Upstreams upstreams,
      ReplicasJson replicas,
      FleetAnswers fleet,
      FleetModels models,
      FleetRoutes operations,
      PeerRoutes peers,
      Optional<AdminToken> token,
      StatusPages pages) {
    this.upstreams = upstreams;
    this.replicas = replicas;
    this.fleet = fleet;
    this.models = models;
    this.operations = operations;
    this.peers = peers;
    this.guard = new AdminGuard(token);
    this.pages = pages;
  }

  /** Makes {@code /health} answer 503 from now on. */
  void close() {
    closing = true;
  }

  boolean requiresToken() {
    return guard.requiresToken();
  }

  /** Whether the front answers {@code path} itself, on the admin listener or with a token. */
  boolean has(String path) {
    return OWN.contains(path) || operations.has(path) || peers.has(path);
  }

  @Override
  public void arrived(String path, TraceId trace, Optional<TraceParent> parent, long recvNanos) {}

  @Override
  public boolean isProbe(String path) {
    return path.equals(HEALTH) || path.equals(LIVENESS);
  }

  @Override
  public void handle(Request request, Exchange exchange) {
    if (request.path().equals(HEALTH)) {
      request.require("GET");
      health(exchange);
      return;
    }
    if (request.path().equals(LIVENESS)) {
      request.require("GET");
      exchange.answer(200, FleetAnswers.alive());
      return;
    }
    guard.check(request);
    if (operations.has(request.path())) {
      operations.handle(request, exchange);
      return;
    }
    if (peers.answers(request.path())) {
      peers.handle(request, exchange);
      return;
    }
    switch (request.path()) {
      case REPLICAS -> {
        request.require("GET");
        exchange.answer(200, replicas.replicas());
      }
      case WORKERS -> {
        request.require("GET");
        var _ = models.names().thenAccept(names -> exchange.answer(200, replicas.workers(names)));
      }
      case WEIGHTS -> {
        request.require("GET");
        exchange.answer(200, fleet.weightInfo());
      }
      default -> pages.handle(request, exchange);
    }
  }

  /** Healthy while a replica takes requests, or an update or a pause holds them for a while. */
  private void health(Exchange exchange) {
    Candidates now = upstreams.get();
    int routable = now.of(OptionalLong.empty(), Set.of()).size();
    int all = upstreams.all().size();
    if (closing) {
      exchange.answer(ApiError.shuttingDown());
    } else if (routable == 0 && !now.isHeld()) {
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
                out.writeNumberProperty("routable", routable);
              }));
    }
  }
}
