package dev.freshet.server;

import dev.freshet.http.ApiError;
import dev.freshet.http.ApiException;
import dev.freshet.http.Exchange;
import dev.freshet.http.OpenRoutes;
import dev.freshet.http.Request;
import dev.freshet.http.Routes;
import dev.freshet.http.StatusPages;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.TraceParent;
import dev.freshet.wire.AnthropicErrors;
import dev.freshet.wire.ApiKeys;
import dev.freshet.wire.ErrorBody;
import dev.freshet.wire.Version;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.function.Supplier;

/**
 * The routes of the data listener: completions, tokens, models, probes and the metrics page; with
 * an admin token also the admin routes, for peers that use one port. Permission to stream
 * completions does not include permission to swap weights, and the address of a caller proves
 * nothing: it is that of the last proxy or forwarder. If API keys are configured, every route needs
 * one, except those that tell whether the server works, and the admin routes, which need their
 * token.
 */
final class DataRoutes implements Routes {
  /** The route of one model, whose name follows and may have slashes. */
  static final String MODEL = "/v1/models/";

  private static final String OPENAPI = "/openapi.json";

  private final Map<String, Route> routes = new LinkedHashMap<>();
  private final Completions completions;
  private final SessionRoutes sessions;
  private final CallScope uncaptured;
  private final AdminRoutes admin;
  private final ApiKeys keys;

  private record Route(String method, Answer answer) {}

  /** Answers a request in the scope that its session captures, or in none. */
  @FunctionalInterface
  private interface Answer {
    void to(Request request, Exchange exchange, Supplier<CallScope> scope);
  }

  /** Answers a request that a session captures. */
  @FunctionalInterface
  private interface CapturedAnswer {
    void to(Request request, Exchange exchange, CallScope scope);
  }

  /**
   * @param uncaptured the scope of requests without a session
   * @param load how many completions run or wait
   */
  DataRoutes(
      Completions completions,
      TokenRoutes tokens,
      MessageRoutes messages,
      SessionRoutes sessions,
      CallScope uncaptured,
      AdminRoutes admin,
      StatusPages pages,
      IntSupplier load,
      ApiKeys keys) {
    this.completions = completions;
    this.sessions = sessions;
    this.uncaptured = uncaptured;
    this.admin = admin;
    this.keys = keys;
    captured("/v1/completions", completions::ofText);
    captured("/v1/chat/completions", completions::ofChat);
    captured("/inference/v1/generate", completions::ofTokens);
    captured("/v1/messages", messages::message);
    post("/v1/messages/count_tokens", messages::countTokens);
    captured("/v1/responses", messages::response);
    post("/tokenize", tokens::tokenize);
    post("/detokenize", tokens::detokenize);
    get("/v1/models", (_, exchange) -> exchange.answer(200, completions.models().list()));
    get("/health", admin::handle);
    get("/liveness", admin::handle);
    get("/ping", (_, exchange) -> exchange.answerText(200, ""));
    get("/metrics", admin.requiresToken() ? admin::handle : pages::handle);
    get(
        "/version",
        (_, exchange) -> answer(exchange, "{\"version\":\"%s\"}".formatted(Version.NUMBER)));
    byte[] description = OpenApi.document();
    get(OPENAPI, (_, exchange) -> exchange.answer(200, description));
    get(
        "/load",
        (_, exchange) -> answer(exchange, "{\"server_load\":%d}".formatted(load.getAsInt())));
  }

  private void captured(String path, CapturedAnswer answer) {
    routes.put(
        path,
        new Route("POST", (request, exchange, scope) -> answer.to(request, exchange, scope.get())));
  }

  private void post(String path, BiConsumer<Request, Exchange> answer) {
    routes.put(path, new Route("POST", uncaptured(answer)));
  }

  private void get(String path, BiConsumer<Request, Exchange> answer) {
    routes.put(path, new Route("GET", uncaptured(answer)));
  }

  private static Answer uncaptured(BiConsumer<Request, Exchange> answer) {
    return (request, exchange, _) -> answer.accept(request, exchange);
  }

  private static void answer(Exchange exchange, String json) {
    exchange.answer(200, json.getBytes(StandardCharsets.US_ASCII));
  }

  /** The method of every route by its path. */
  Map<String, String> methods() {
    Map<String, String> methods = new LinkedHashMap<>();
    routes.forEach((path, route) -> methods.put(path, route.method()));
    methods.put(MODEL + "{model}", "GET");
    return methods;
  }

  @Override
  public void arrived(String path, TraceId trace, Optional<TraceParent> parent, long recvNanos) {
    if (admin.requiresToken()) {
      admin.arrived(path, trace, parent, recvNanos);
    }
  }

  @Override
  public void authorize(String path, HttpHeaders headers) {
    boolean ofData =
        routes.containsKey(path) || path.startsWith(MODEL) || SessionPath.isBelowOne(path);
    boolean needsKey = !OpenRoutes.contains(path) && (ofData || !admin.requiresToken());
    if (needsKey
        && !keys.authorize(
            headers.get(HttpHeaderNames.AUTHORIZATION, ""), headers.get(ApiKeys.HEADER, ""))) {
      throw new ApiException(ApiError.noApiKey(path, headers));
    }
  }

  @Override
  public Function<ErrorBody, byte[]> errorForm(String path) {
    return AnthropicErrors.orPlain(path);
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
    Optional<SessionPath> session = SessionPath.of(request);
    String path = session.map(SessionPath::route).orElse(request.path());
    Route route = routes.get(path);
    if (route != null && !(OpenRoutes.contains(path) && session.isPresent())) {
      request.require(route.method());
      route.answer().to(request, exchange, () -> scope(session, request, exchange));
    } else if (path.startsWith(MODEL)) {
      request.require("GET");
      exchange.answer(200, completions.models().one(path.substring(MODEL.length())));
    } else if (session.isPresent()) {
      sessions.handle(session.get(), request, exchange);
    } else if (admin.requiresToken()) {
      admin.handle(request, exchange);
    } else {
      throw new ApiException(
          ApiError.notFound(
              "no_such_route",
              ("no such route: %s (weight operations and status pages are on the admin listener;"
                      + " here only if the server has an admin token)")
                  .formatted(path)));
    }
  }

  private CallScope scope(Optional<SessionPath> session, Request request, Exchange exchange) {
    return session.map(path -> sessions.scope(path, request, exchange)).orElse(uncaptured);
  }
}
