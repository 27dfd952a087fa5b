package dev.freshet.inference.front;

import dev.freshet.client.UpdateMode;
import dev.freshet.client.UpdateWeightsRequest;
import dev.freshet.client.WeightInfo;
import dev.freshet.client.WeightsAnswer;
import dev.freshet.inference.Engine;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.TraceId;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;

/**
 * What the admin listener answers: weight operations, on their own thread, and what the engine can
 * say at once, on the event loop.
 */
final class AdminRoutes implements Routes {
  private static final String UPDATE = "/update_weights";
  private static final String RELOAD = "/reload_weights";

  private final Engine engine;
  private final AdminOperations operations;
  private final EventLog events;
  private volatile boolean closing;

  AdminRoutes(Engine engine, AdminOperations operations, EventLog events) {
    this.engine = engine;
    this.operations = operations;
    this.events = events;
  }

  /** From now on {@code /health} says that the server takes no more requests. */
  void close() {
    closing = true;
  }

  @Override
  public void arrived(String path, TraceId trace, long recvNanos) {
    if (path.equals(UPDATE) || path.equals(RELOAD)) {
      events.serverRecv(trace, path, recvNanos);
    }
  }

  @Override
  public void handle(Request request, Exchange exchange) {
    switch (request.path()) {
      case UPDATE -> {
        request.require("POST");
        update(request, exchange);
      }
      case RELOAD -> {
        request.require("POST");
        answer(exchange, operations.reload(request.trace(), request.recvNanos()));
      }
      case "/weight_info" -> {
        request.require("GET");
        exchange.answer(200, new WeightInfo(Long.toString(engine.policyVersion())).toJson());
      }
      case "/health" -> {
        request.require("GET");
        health(exchange);
      }
      case "/liveness" -> {
        request.require("GET");
        exchange.answer(200, json("{\"status\":\"alive\"}"));
      }
      default ->
          throw new ApiException(
              ApiError.notFound("no_such_route", "no such route: " + request.path()));
    }
  }

  private void update(Request request, Exchange exchange) {
    UpdateWeightsRequest update = UpdateWeightsRequest.parse(request.body());
    if (update.mode() != UpdateMode.KEEP) {
      throw new ApiException(
          ApiError.invalid(
              "unsupported_mode",
              "mode: '%s' is not supported yet, expected keep"
                  .formatted(update.mode().wireName())));
    }
    answer(exchange, operations.update(update, request.trace(), request.recvNanos()));
  }

  private static void answer(Exchange exchange, CompletableFuture<WeightsAnswer> answer) {
    var _ =
        answer.whenComplete(
            (weights, error) -> {
              if (error == null) {
                exchange.answer(200, weights.toJson());
              } else {
                exchange.answer(ApiError.of(error));
              }
            });
  }

  private void health(Exchange exchange) {
    if (closing) {
      exchange.answer(ApiError.shuttingDown());
    } else {
      exchange.answer(
          200,
          json(
              "{\"status\":\"ok\",\"weight_version\":\"%d\",\"running\":%d,\"waiting\":%d}"
                  .formatted(engine.policyVersion(), engine.running(), engine.waiting())));
    }
  }

  private static byte[] json(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
