package dev.freshet.router;

import dev.freshet.fleet.FleetOrders;
import dev.freshet.http.ApiException;
import dev.freshet.http.Exchange;
import dev.freshet.http.Request;
import dev.freshet.router.FleetAnswers.Client;
import dev.freshet.wire.AbortRequest;
import dev.freshet.wire.FleetUpdateRequest;
import dev.freshet.wire.PauseMode;
import dev.freshet.wire.SglangOrder;
import dev.freshet.wire.WeightVersionName;
import java.util.Optional;
import java.util.Set;

/**
 * The weight operations of the fleet in the words of SGLang's clients, and of vLLM's where they are
 * not those of {@link FleetRoutes}: the same orders, whatever programs the replicas run.
 */
final class PeerRoutes {
  private static final String UPDATE = "/update_weights_from_disk";
  private static final String PAUSE = "/pause_generation";
  private static final String RESUME = "/continue_generation";
  private static final String ABORT = "/abort_request";
  private static final String RPC = "/collective_rpc";
  private static final String NAME = "/update_weight_version";

  /** Where SGLang says its version; older and newer ones beside more of a single server. */
  private static final String VERSION = "/get_weight_version";

  private static final Set<String> INFOS = Set.of("/model_info", "/get_model_info");
  private static final Set<String> POSTS = Set.of(UPDATE, PAUSE, RESUME, ABORT, RPC, NAME);

  private final FleetOrders orders;
  private final FleetRoutes fleet;
  private final FleetAnswers json;

  PeerRoutes(FleetOrders orders, FleetRoutes fleet, FleetAnswers json) {
    this.orders = orders;
    this.fleet = fleet;
    this.json = json;
  }

  /** Whether it is an operation, or state, of the fleet. */
  boolean has(String path) {
    return POSTS.contains(path) || path.equals(VERSION);
  }

  /** Whether the admin listener answers it: also what the data listener relays. */
  boolean answers(String path) {
    return has(path) || INFOS.contains(path);
  }

  /** Answers a request for one of these routes, now or later. */
  void handle(Request request, Exchange exchange) {
    String path = request.path();
    if (!POSTS.contains(path)) {
      request.require("GET");
      exchange.answer(200, json.weightInfo());
      return;
    }
    request.require("POST");
    switch (path) {
      case UPDATE ->
          fleet.update(
              FleetUpdateRequest.ofSglang(request.body()), request, exchange, Client.SGLANG);
      case PAUSE -> pause(SglangOrder.pause(request.body()), exchange);
      case RESUME -> fleet.ordered(exchange, orders::resume, "ok");
      case ABORT -> abort(SglangOrder.abort(request.body()), exchange);
      case RPC -> reload(FleetUpdateRequest.ofCollectiveRpc(request.body()), request, exchange);
      case NAME -> fleet.name(WeightVersionName.parse(request.body()), exchange);
      default -> throw new IllegalArgumentException(path);
    }
  }

  private void pause(SglangOrder.Pause pause, Exchange exchange) {
    switch (pause) {
      case ABORT -> fleet.ordered(exchange, () -> orders.pause(PauseMode.ABORT, true), "ok");
      case RETRACT -> fleet.ordered(exchange, () -> orders.pause(PauseMode.KEEP, true), "ok");
      case IN_PLACE -> fleet.ordered(exchange, () -> orders.pause(PauseMode.KEEP, false), "ok");
    }
  }

  private void abort(AbortRequest abort, Exchange exchange) {
    fleet.ordered(exchange, () -> orders.abort(abort), "ok");
  }

  private void reload(Optional<FleetUpdateRequest> update, Request request, Exchange exchange) {
    fleet.update(
        update.orElseThrow(
            () ->
                new ApiException(
                    FleetRoutes.unsupported(
                        RPC
                            + ": expected the method reload_weights, which the fleet carries out"
                            + " as one transaction; no other is"))),
        request,
        exchange,
        Client.VLLM);
  }
}
