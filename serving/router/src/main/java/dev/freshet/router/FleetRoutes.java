package dev.freshet.router;

import dev.freshet.fleet.FleetException;
import dev.freshet.fleet.FleetOrders;
import dev.freshet.fleet.OrderException;
import dev.freshet.fleet.OrderResult;
import dev.freshet.fleet.UpdateResult;
import dev.freshet.fleet.dialect.Target;
import dev.freshet.http.ApiError;
import dev.freshet.http.ApiException;
import dev.freshet.http.Exchange;
import dev.freshet.http.Request;
import dev.freshet.router.FleetAnswers.Client;
import dev.freshet.trace.Quoted;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.AbortRequest;
import dev.freshet.wire.AdapterRequest;
import dev.freshet.wire.ErrorBody;
import dev.freshet.wire.FleetUpdateRequest;
import dev.freshet.wire.OneLine;
import dev.freshet.wire.PauseMode;
import dev.freshet.wire.ReloadWeightsRequest;
import dev.freshet.wire.UpdatePhase;
import dev.freshet.wire.WireException;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The weight operations of a front, each of which is carried out on the whole fleet: the routes of
 * Freshet's, vLLM's and prime-rl's servers. The event loop reads the request and writes the answer;
 * the fleet's threads do what is between.
 */
final class FleetRoutes {
  private static final String UPDATE = "/update_weights";
  private static final String RELOAD = "/reload_weights";
  private static final String PAUSE = "/pause";
  private static final String RESUME = "/resume";
  private static final String IS_PAUSED = "/is_paused";
  private static final String ABORT = "/abort_requests";
  private static final String FLUSH = "/flush_cache";
  private static final String RESET = "/reset_prefix_cache";
  private static final String BROADCASTER = "/init_broadcaster";
  private static final Set<String> LOADS = Set.of("/load_lora_adapter", "/v1/load_lora_adapter");
  private static final Set<String> UNLOADS =
      Set.of("/unload_lora_adapter", "/v1/unload_lora_adapter");
  private static final Set<String> OTHERS =
      Set.of(UPDATE, RELOAD, PAUSE, RESUME, IS_PAUSED, ABORT, FLUSH, RESET, BROADCASTER);

  private final FleetOrders orders;
  private final FleetAnswers json;
  private final Broadcasts broadcasts;

  FleetRoutes(FleetOrders orders, FleetAnswers json, Broadcasts broadcasts) {
    this.orders = orders;
    this.json = json;
    this.broadcasts = broadcasts;
  }

  boolean has(String path) {
    return OTHERS.contains(path) || LOADS.contains(path) || UNLOADS.contains(path);
  }

  /** Answers a request for one of these routes, now or later. */
  void handle(Request request, Exchange exchange) {
    String path = request.path();
    if (!path.equals(FLUSH)) { // SGLang takes it by GET too.
      request.require(path.equals(IS_PAUSED) ? "GET" : "POST");
    }
    if (LOADS.contains(path)) {
      AdapterRequest adapter = AdapterRequest.parseLoad(request.body());
      ordered(exchange, () -> orders.load(adapter), "ok");
    } else if (UNLOADS.contains(path)) {
      AdapterRequest adapter = AdapterRequest.parseUnload(request.body());
      ordered(exchange, () -> orders.unload(adapter), "ok");
    } else {
      operate(path, request, exchange);
    }
  }

  private void operate(String path, Request request, Exchange exchange) {
    switch (path) {
      case UPDATE ->
          update(FleetUpdateRequest.parse(request.body()), request, exchange, Client.FRESHET);
      case RELOAD ->
          update(
              Target.base(ReloadWeightsRequest.parse(request.body()).mode()),
              request,
              exchange,
              Client.FRESHET);
      case PAUSE -> pause(request.query(), exchange);
      case RESUME -> ordered(exchange, orders::resume, "resumed");
      case IS_PAUSED -> exchange.answer(200, FleetAnswers.isPaused(orders.paused()));
      case ABORT -> {
        AbortRequest abort = AbortRequest.parse(request.body());
        ordered(exchange, () -> orders.abort(abort), "aborted");
      }
      case FLUSH, RESET -> ordered(exchange, orders::flush, "ok");
      case BROADCASTER -> throw broadcasts.announced();
      default -> throw new IllegalArgumentException(path);
    }
  }

  /** A client that does not number its versions may start a new run at an old number. */
  private Target target(FleetUpdateRequest body) {
    if (body.phase() != UpdatePhase.ALL) {
      throw new ApiException(
          unsupported(
              "phase %s: a fleet is updated in one transaction, expected all"
                  .formatted(body.phase().wireName())));
    }
    if (body.weightDir().isEmpty()) {
      broadcasts.requireNotAnnounced();
      return Target.base(body.mode());
    }
    broadcasts.directoryNamed();
    return new Target(
        body.version().orElseGet(orders::nextVersion),
        body.weightDir(),
        body.mode(),
        body.verify(),
        body.force() || body.step().isEmpty(),
        false,
        TraceId.random());
  }

  /** Names the weights of the last update. */
  void name(String name, Exchange exchange) {
    carryOut(
        exchange,
        () -> {
          orders.name(name);
          return CompletableFuture.completedFuture(name);
        },
        named -> exchange.answer(200, FleetAnswers.named(named)));
  }

  /** Updates the fleet and answers as {@code client} reads it. */
  void update(FleetUpdateRequest body, Request request, Exchange exchange, Client client) {
    update(target(body), request, exchange, client);
  }

  private void update(Target target, Request request, Exchange exchange, Client client) {
    carryOut(
        exchange,
        () -> orders.update(target, request.trace()),
        result -> answer(exchange, result, request.trace(), client));
  }

  private void answer(Exchange exchange, UpdateResult result, TraceId trace, Client client) {
    int status =
        switch (result.outcome()) {
          case COMMITTED -> 200;
          case REFUSED -> 400;
          case ROLLED_BACK -> 502;
        };
    exchange.answer(status, json.update(result, trace, client));
  }

  /**
   * The parameters are vLLM's: {@code mode} and {@code clear_cache}, or the older {@code
   * wait_for_inflight_requests}.
   */
  private void pause(Map<String, String> query, Exchange exchange) {
    boolean wait = flag(query, "wait_for_inflight_requests", false);
    PauseMode mode =
        PauseMode.of(
            query.getOrDefault("mode", (wait ? PauseMode.WAIT : PauseMode.ABORT).wireName()));
    boolean clearCache = flag(query, "clear_cache", true);
    ordered(exchange, () -> orders.pause(mode, clearCache), "paused");
  }

  private static boolean flag(Map<String, String> query, String name, boolean otherwise) {
    String value = query.getOrDefault(name, Boolean.toString(otherwise));
    return switch (value.toLowerCase(Locale.ROOT)) {
      case "true", "1" -> true;
      case "false", "0" -> false;
      default ->
          throw new WireException(
              "%s: expected true or false, got %s".formatted(name, Quoted.of(value)));
    };
  }

  /**
   * Carries out an order that is not an update.
   *
   * @param status what the answer says if every replica has done it
   */
  void ordered(Exchange exchange, Supplier<CompletableFuture<OrderResult>> order, String status) {
    carryOut(
        exchange,
        order,
        result -> {
          int code = result.done() ? 200 : result.unsupported() ? 501 : 502;
          exchange.answer(code, FleetAnswers.order(result, status));
        });
  }

  private static <T> void carryOut(
      Exchange exchange, Supplier<CompletableFuture<T>> order, Consumer<T> done) {
    CompletableFuture<T> result;
    try {
      result = order.get();
    } catch (OrderException e) {
      exchange.answer(error(e));
      return;
    }
    var _ =
        result.whenComplete(
            (value, failure) -> {
              if (failure == null) {
                done.accept(value);
              } else {
                exchange.answer(error(unwrapped(failure)));
              }
            });
  }

  private static Throwable unwrapped(Throwable error) {
    return error instanceof CompletionException e && e.getCause() != null ? e.getCause() : error;
  }

  private static ApiError error(Throwable failure) {
    return switch (failure) {
      case OrderException e ->
          switch (e.kind()) {
            case CONFLICT -> ApiError.conflict(OneLine.of(e));
            case UNSUPPORTED -> unsupported(OneLine.of(e));
            case NO_REPLICA -> ApiError.unavailable("no_replica", OneLine.of(e));
            case INTERRUPTED -> ApiError.unavailable("interrupted", OneLine.of(e));
          };
      case FleetException e ->
          new ApiError(502, new ErrorBody(OneLine.of(e), "upstream_error", "fleet_failed"));
      default -> ApiError.of(failure);
    };
  }

  static ApiError unsupported(String message) {
    return new ApiError(501, new ErrorBody(message, "invalid_request_error", "not_implemented"));
  }
}
