package dev.freshet.http;

import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.trace.waits.Wait;
import dev.freshet.trace.waits.WaitGraph;
import dev.freshet.trace.waits.Waits;
import dev.freshet.trace.waits.WaitsJson;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * The status routes of every role: {@code /metrics}, {@code /debug/waits} and, if there is one, the
 * live page with its events.
 */
public final class StatusPages implements AutoCloseable {
  private static final String WAITS = "/debug/waits";

  private final MetricsRoute metrics;
  private final Optional<LiveRoute> live;

  /**
   * @param maxWatchers how many clients may follow the events at once; a further one is answered
   *     503
   */
  public StatusPages(MetricsRegistry registry, Optional<LivePage> page, int maxWatchers) {
    this.metrics = new MetricsRoute(registry);
    this.live = page.map(live -> new LiveRoute(live, maxWatchers));
  }

  /**
   * Answers a request for one of these routes.
   *
   * @throws ApiException 404 for any other path
   */
  public void handle(Request request, Exchange exchange) {
    switch (request.path()) {
      case MetricsRoute.PATH -> metrics.handle(request, exchange);
      case WAITS -> waits(request, exchange);
      case LiveRoute.PAGE -> live(request).page(request, exchange);
      case LiveRoute.EVENTS -> live(request).events(request, exchange);
      default -> throw new ApiException(ApiError.noSuchRoute(request.path()));
    }
  }

  /** The open waits of this process: as text, or with {@code ?format=json} as JSON. */
  private static void waits(Request request, Exchange exchange) {
    request.require("GET");
    List<Wait> waits = Waits.open();
    exchange.answer(
        200,
        request.query().getOrDefault("format", "").equals("json")
            ? Body.json(WaitsJson.write(waits))
            : new Body(
                "text/plain; charset=utf-8",
                new WaitGraph(waits).text().getBytes(StandardCharsets.UTF_8)));
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
