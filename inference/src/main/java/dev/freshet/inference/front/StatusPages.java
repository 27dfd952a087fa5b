package dev.freshet.inference.front;

import dev.freshet.trace.metrics.MetricsRegistry;
import java.util.Optional;

/**
 * What every role's listener answers of how it is: its metrics and, where there is one, its page.
 */
final class StatusPages implements AutoCloseable {
  private final MetricsRoute metrics;
  private final Optional<LiveRoute> live;

  StatusPages(MetricsRegistry registry, Optional<LivePage> page) {
    this.metrics = new MetricsRoute(registry);
    this.live = page.map(LiveRoute::new);
  }

  /** Answers, if it is one of these; else refuses. */
  void handle(Request request, Exchange exchange) {
    switch (request.path()) {
      case MetricsRoute.PATH -> metrics.handle(request, exchange);
      case LiveRoute.PAGE -> live(request).page(request, exchange);
      case LiveRoute.EVENTS -> live(request).events(request, exchange);
      default -> throw new ApiException(ApiError.noSuchRoute(request.path()));
    }
  }

  private LiveRoute live(Request request) {
    return live.orElseThrow(() -> new ApiException(ApiError.noSuchRoute(request.path())));
  }

  @Override
  public void close() {
    live.ifPresent(LiveRoute::close);
    metrics.close();
  }
}
