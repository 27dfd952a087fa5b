package dev.freshet.server;

import dev.freshet.engine.Engine;
import dev.freshet.http.AdminGuard;
import dev.freshet.http.ApiError;
import dev.freshet.http.ApiException;
import dev.freshet.http.Exchange;
import dev.freshet.http.Request;
import dev.freshet.http.Routes;
import dev.freshet.http.StatusPages;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.Quoted;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.TraceParent;
import dev.freshet.wire.AbortRequest;
import dev.freshet.wire.AdapterRequest;
import dev.freshet.wire.AdminToken;
import dev.freshet.wire.PauseMode;
import dev.freshet.wire.ReloadWeightsRequest;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdateWeightsRequest;
import dev.freshet.wire.WeightInfo;
import dev.freshet.wire.WeightsAnswer;
import dev.freshet.wire.WireException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The routes of the admin listener: weight operations, carried out by their worker thread; pauses,
 * by the decode loop; the engine's state, read on the event loop; the status pages. If a token is
 * configured, every route except the probes {@code /health} and {@code /liveness} requires it.
 */
final class AdminRoutes implements Routes {
  private static final String UPDATE = "/update_weights";
  private static final String RELOAD = "/reload_weights";
  private static final String LOAD_ADAPTER = "/v1/load_lora_adapter";
  private static final String UNLOAD_ADAPTER = "/v1/unload_lora_adapter";

  /** The routes of weight operations, whose arrival is recorded. */
  private static final Set<String> OPERATIONS =
      Set.of(UPDATE, RELOAD, LOAD_ADAPTER, UNLOAD_ADAPTER);

  /** Connections on which pauses may wait, and on which posts of weight operations may. */
  static final int SHARE = 48;

  private static final Set<String> PROBES = Set.of("/health", "/liveness");

  private final Engine engine;
  private final AdminOperations operations;
  private final EventLog events;
  private final Duration pauseDeadline;
  private final AdminGuard guard;
  private final Function<AbortRequest, CompletableFuture<Integer>> aborts;
  private final StatusPages pages;
  private final AnswerShare pauses = new AnswerShare("pauses", SHARE);
  private final AnswerShare posts = new AnswerShare("posts of weight operations", SHARE);
  private volatile boolean closing;

  /**
   * @param pauseDeadline how long a pause may wait for running completions
   * @param aborts ends completions and returns how many
   */
  AdminRoutes(
      Engine engine,
      AdminOperations operations,
      EventLog events,
      Duration pauseDeadline,
      Optional<AdminToken> token,
      Function<AbortRequest, CompletableFuture<Integer>> aborts,
      StatusPages pages) {
    this.engine = engine;
    this.operations = operations;
    this.events = events;
    this.pauseDeadline = pauseDeadline;
    this.guard = new AdminGuard(token);
    this.aborts = aborts;
    this.pages = pages;
  }

  /** Makes {@code /health} answer 503 from now on. */
  void close() {
    closing = true;
  }

  @Override
  public void arrived(String path, TraceId trace, Optional<TraceParent> parent, long recvNanos) {
    if (OPERATIONS.contains(path)) {
      events.serverSpan(trace, parent, recvNanos);
      events.serverRecv(trace, path, recvNanos);
    }
  }

  /** Whether every route except the probes requires a token. */
  boolean requiresToken() {
    return guard.requiresToken();
  }

  @Override
  public boolean isProbe(String path) {
    return PROBES.contains(path);
  }

  @Override
  public ApiError error(Throwable failure) {
    return ServerErrors.of(failure);
  }

  @Override
  public void handle(Request request, Exchange exchange) {
    switch (request.path()) {
      case "/health" -> {
        request.require("GET");
        health(exchange);
      }
      case "/liveness" -> {
        request.require("GET");
        liveness(exchange);
      }
      default -> {
        guard.check(request);
        operate(request, exchange);
      }
    }
  }

  private void operate(Request request, Exchange exchange) {
    switch (request.path()) {
      case UPDATE -> {
        request.require("POST");
        UpdateWeightsRequest update = UpdateWeightsRequest.parse(request.body());
        answerWeights(
            exchange, () -> operations.update(update, request.trace(), request.recvNanos()));
      }
      case RELOAD -> {
        request.require("POST");
        UpdateMode mode = ReloadWeightsRequest.parse(request.body()).mode();
        answerWeights(
            exchange, () -> operations.reload(mode, request.trace(), request.recvNanos()));
      }
      case LOAD_ADAPTER -> {
        request.require("POST");
        AdapterRequest load = AdapterRequest.parseLoad(request.body());
        answerOperation(
            exchange,
            () -> operations.load(load, request.trace(), request.recvNanos()),
            _ -> exchange.answerText(200, done(load, "added")));
      }
      case UNLOAD_ADAPTER -> {
        request.require("POST");
        AdapterRequest unload = AdapterRequest.parseUnload(request.body());
        answerOperation(
            exchange,
            () -> operations.unload(unload, request.trace(), request.recvNanos()),
            _ -> exchange.answerText(200, done(unload, "removed")));
      }
      case "/pause" -> {
        request.require("POST");
        pause(request.query(), exchange);
      }
      case "/resume" -> {
        request.require("POST");
        answer(exchange, engine.resume().thenApply(_ -> "{\"status\":\"resumed\"}"));
      }
      case "/is_paused" -> {
        request.require("GET");
        exchange.answer(200, json("{\"is_paused\":%b}".formatted(engine.paused())));
      }
      case "/abort_requests" -> {
        request.require("POST");
        answer(
            exchange,
            aborts
                .apply(AbortRequest.parse(request.body()))
                .thenApply("{\"status\":\"aborted\",\"aborted\":%d}"::formatted));
      }
      case "/weight_info" -> {
        request.require("GET");
        exchange.answer(200, new WeightInfo(Long.toString(engine.policyVersion())).toJson());
      }
      default -> pages.handle(request, exchange);
    }
  }

  /**
   * Pauses the engine. The parameters are vLLM's: {@code mode} and {@code clear_cache}, or the
   * older {@code wait_for_inflight_requests}.
   */
  private void pause(Map<String, String> query, Exchange exchange) {
    boolean wait = flag(query, "wait_for_inflight_requests", false);
    PauseMode mode =
        PauseMode.of(
            query.getOrDefault("mode", (wait ? PauseMode.WAIT : PauseMode.ABORT).wireName()));
    boolean clearCache = flag(query, "clear_cache", true);
    CompletableFuture<Void> inForce =
        pauses.await(
            exchange,
            () ->
                engine
                    .pause(mode, clearCache)
                    .orTimeout(pauseDeadline.toNanos(), TimeUnit.NANOSECONDS)
                    .exceptionallyCompose(
                        error ->
                            CompletableFuture.failedFuture(
                                error instanceof TimeoutException ? notDrained() : error)));
    answer(exchange, inForce.thenApply(_ -> "{\"status\":\"paused\"}"));
  }

  private ApiException notDrained() {
    return new ApiException(
        ApiError.unavailable(
            "pause_timeout",
            "%d completions still run after %d ms; no new ones begin until /resume"
                .formatted(engine.running(), pauseDeadline.toMillis())));
  }

  private static boolean flag(Map<String, String> query, String name, boolean defaultValue) {
    String value = query.getOrDefault(name, Boolean.toString(defaultValue));
    return switch (value.toLowerCase(Locale.ROOT)) {
      case "true", "1" -> true;
      case "false", "0" -> false;
      default ->
          throw new WireException(
              "%s: expected true or false, got %s".formatted(name, Quoted.of(value)));
    };
  }

  private static void answer(Exchange exchange, CompletableFuture<String> body) {
    var _ =
        body.whenComplete(
            (text, error) -> {
              if (error == null) {
                exchange.answer(200, json(text));
              } else {
                exchange.answer(ServerErrors.of(unwrapped(error)));
              }
            });
  }

  private static Throwable unwrapped(Throwable error) {
    return error instanceof CompletionException e && e.getCause() != null ? e.getCause() : error;
  }

  /** vLLM's answer to an operation on an adapter. */
  private static String done(AdapterRequest adapter, String what) {
    return "Success: LoRA adapter '%s' %s successfully.".formatted(adapter.name(), what);
  }

  private void answerWeights(
      Exchange exchange, Supplier<CompletableFuture<WeightsAnswer>> operation) {
    answerOperation(exchange, operation, weights -> exchange.answer(200, weights.toJson()));
  }

  private void answerOperation(
      Exchange exchange,
      Supplier<CompletableFuture<WeightsAnswer>> operation,
      Consumer<WeightsAnswer> done) {
    var _ =
        posts
            .await(exchange, operation)
            .whenComplete(
                (weights, error) -> {
                  if (error == null) {
                    done.accept(weights);
                  } else {
                    exchange.answer(ServerErrors.of(unwrapped(error)));
                  }
                });
  }

  private void liveness(Exchange exchange) {
    if (engine.failure().isDone()) {
      exchange.answer(failed());
    } else {
      exchange.answer(200, json("{\"status\":\"alive\"}"));
    }
  }

  private ApiError failed() {
    return ServerErrors.of(engine.failure().join());
  }

  private void health(Exchange exchange) {
    if (engine.failure().isDone()) {
      exchange.answer(failed());
    } else if (closing) {
      exchange.answer(ApiError.shuttingDown());
    } else {
      exchange.answer(
          200,
          json(
              "{\"status\":\"ok\",\"weight_version\":\"%d\",\"running\":%d,\"waiting\":%d,\"paused\":%b}"
                  .formatted(
                      engine.policyVersion(),
                      engine.running(),
                      engine.waiting(),
                      engine.paused())));
    }
  }

  private static byte[] json(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
