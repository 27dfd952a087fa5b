package dev.freshet.http;

import dev.freshet.trace.TraceId;
import dev.freshet.trace.TraceParent;
import dev.freshet.wire.ErrorBody;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.Optional;
import java.util.function.Function;

/** The routes of a listener at its limit of connections: a further connection has only probes. */
final class FullRoutes implements Routes {
  private static final ApiError FULL =
      ApiError.unavailable(
          "too_many_connections", "the server has reached its limit of connections; retry later");

  private final Routes routes;

  FullRoutes(Routes routes) {
    this.routes = routes;
  }

  @Override
  public void arrived(String path, TraceId trace, Optional<TraceParent> parent, long recvNanos) {
    if (!routes.isProbe(path)) {
      throw new ApiException(FULL);
    }
  }

  @Override
  public void authorize(String path, HttpHeaders headers) {
    routes.authorize(path, headers);
  }

  @Override
  public void handle(Request request, Exchange exchange) {
    routes.handle(request, exchange);
  }

  @Override
  public boolean takesEncodedBodies() {
    return routes.takesEncodedBodies();
  }

  @Override
  public Function<ErrorBody, byte[]> errorForm(String path) {
    return routes.errorForm(path);
  }

  @Override
  public ApiError error(Throwable failure) {
    return routes.error(failure);
  }
}
