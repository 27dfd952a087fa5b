package dev.freshet.router;

import dev.freshet.http.ApiError;
import dev.freshet.http.ApiException;
import dev.freshet.http.Exchange;
import dev.freshet.http.OpenRoutes;
import dev.freshet.http.Request;
import dev.freshet.http.Routes;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.TraceParent;
import dev.freshet.wire.AnthropicErrors;
import dev.freshet.wire.ApiKeys;
import dev.freshet.wire.Bearer;
import dev.freshet.wire.ErrorBody;
import dev.freshet.wire.WireWriter;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/**
 * The routes of the front's data listener. Every path is relayed, except for the probe, the end of
 * a session, and weight operations, which need a token here: behind a proxy every client looks
 * local, so only a token tells who may change weights.
 */
final class FrontDataRoutes implements Routes {
  private static final String FINISH_SESSION = "/finish_session";

  private final FrontAdminRoutes admin;
  private final FleetModels models;
  private final Map<EventLoop, RelayLoop> loops;
  private final Policy policy;
  private final RouterMetrics metrics;
  private final ApiKeys keys;

  FrontDataRoutes(
      FrontAdminRoutes admin,
      FleetModels models,
      Map<EventLoop, RelayLoop> loops,
      Policy policy,
      RouterMetrics metrics,
      ApiKeys keys) {
    this.admin = admin;
    this.models = models;
    this.loops = loops;
    this.policy = policy;
    this.metrics = metrics;
    this.keys = keys;
  }

  @Override
  public void arrived(String path, TraceId trace, Optional<TraceParent> parent, long recvNanos) {}

  @Override
  public void authorize(String path, HttpHeaders headers) {
    boolean ofAdmin = admin.requiresToken() && admin.has(path);
    if (!ofAdmin
        && !OpenRoutes.contains(path)
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
  public boolean takesEncodedBodies() {
    return true;
  }

  @Override
  public void handle(Request request, Exchange exchange) {
    String path = request.path();
    if (path.equals(FrontAdminRoutes.HEALTH) || (admin.requiresToken() && admin.has(path))) {
      admin.handle(request, exchange);
    } else if (path.equals(FINISH_SESSION)) {
      finishSession(request, exchange);
    } else if (AdminPaths.contains(path) || admin.has(path)) {
      metrics.adminPathRefused();
      throw new ApiException(
          ApiError.forbidden(
              ("%s: not relayed, because it would reach one replica of several; post it to the"
                      + " front's admin listener%s")
                  .formatted(
                      path, admin.has(path) ? "" : ", which has such operations of the fleet")));
    } else if (path.equals(FleetModels.ROUTE) && request.method().equals("GET")) {
      models(request, exchange);
    } else {
      relay(request, exchange);
    }
  }

  /** Asked of all replicas; relayed to one of them if none has answered. */
  private void models(Request request, Exchange exchange) {
    var _ =
        models
            .list(authorization(request))
            .thenAccept(
                list ->
                    list.ifPresentOrElse(
                        json -> exchange.answer(200, json),
                        () -> exchange.loop().execute(() -> relayLater(request, exchange))));
  }

  /** The key of a request, of which the replicas know both forms. */
  private static String authorization(Request request) {
    String key = request.headers().get(ApiKeys.HEADER, "");
    return request.authorization().isEmpty() && !key.isEmpty()
        ? Bearer.header(key)
        : request.authorization();
  }

  private void relayLater(Request request, Exchange exchange) {
    try {
      relay(request, exchange);
    } catch (ApiException e) {
      exchange.answer(e.error());
    }
  }

  private void relay(Request request, Exchange exchange) {
    String upgrade = request.headers().get(HttpHeaderNames.UPGRADE, "");
    if (upgrade.toLowerCase(Locale.ROOT).contains("websocket")) {
      throw new ApiException(
          new ApiError(
              501,
              new ErrorBody(
                  "Upgrade: websocket: expected plain HTTP/1.1, which is all that is relayed",
                  "invalid_request_error",
                  "not_implemented")));
    }
    Objects.requireNonNull(loops.get(exchange.loop()), "an event loop of the data listener")
        .relay(RoutedRequest.of(request, exchange.isHttp11()), exchange);
  }

  /** Frees a session, which is named as vllm-router's clients do, or as in any request. */
  private void finishSession(Request request, Exchange exchange) {
    request.require("POST");
    String session =
        Optional.ofNullable(request.query().get("session_id"))
            .or(() -> BodyFields.finished(request.body()))
            .or(() -> RoutedRequest.ofHeaders(request))
            .orElseThrow(
                () ->
                    new ApiException(
                        ApiError.invalid(
                            "invalid_request",
                            "/finish_session: expected ?session_id=, X-Session-ID or"
                                + " {\"session_id\": …}")));
    boolean known = policy.finishSession(session);
    exchange.answer(
        200,
        WireWriter.object(
            out -> {
              out.writeStringProperty("status", "ok");
              out.writeBooleanProperty("known", known);
            }));
  }
}
