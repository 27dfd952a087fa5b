package dev.freshet.router;

import dev.freshet.metrics.Counter;
import dev.freshet.metrics.Gauge;
import dev.freshet.metrics.Histogram;
import dev.freshet.metrics.Metric;
import dev.freshet.metrics.MetricDefinition.Role;
import dev.freshet.metrics.MetricsRegistry;
import java.util.List;
import java.util.function.DoubleSupplier;

/**
 * The metrics of a front. The label {@code replica} is host and port of a replica's admin listener,
 * as in the metrics of the orchestrator. No method blocks, so an event loop may call it.
 * Thread-safe.
 */
public final class RouterMetrics {
  private static final String REPLICA = "replica";
  private static final String REASON = "reason";
  private static final String CLIENT_LEFT = "client_left";
  private static final String ADMIN_PATH = "admin_path";
  private static final List<String> CLASSES = List.of("2xx", "3xx", "4xx", "5xx");

  private final Metric<Counter> relayed;
  private final Metric<Counter> retries;
  private final Metric<Counter> errors;
  private final Histogram dispatch;
  private final Metric<Histogram> firstByte;
  private final Metric<Gauge> inFlight;
  private final Metric<Gauge> state;
  private final Metric<Gauge> version;
  private final Gauge waiting;

  public RouterMetrics(MetricsRegistry registry) {
    this.relayed =
        registry.counter(
            Role.ROUTER,
            "freshet_route_answers_total",
            "Answers relayed to their end, by class of status",
            REPLICA,
            "status");
    this.retries =
        registry.counter(
            Role.ROUTER,
            "freshet_route_retries_total",
            "Requests sent again or elsewhere before the first byte of an answer, by what had"
                + " happened",
            REASON);
    this.errors =
        registry.counter(
            Role.ROUTER,
            "freshet_route_errors_total",
            "Requests without a whole answer of a replica, by reason",
            REASON);
    this.dispatch =
        registry
            .histogram(
                Role.ROUTER,
                "freshet_route_dispatch_seconds",
                "From the first byte of a request to its sending to a replica: what the front adds,"
                    + " waiting included")
            .of();
    this.firstByte =
        registry.histogram(
            Role.ROUTER,
            "freshet_route_first_byte_seconds",
            "From the sending of a request to the first byte of its answer",
            REPLICA);
    this.inFlight =
        registry.gauge(
            Role.ROUTER,
            "freshet_route_in_flight",
            "Requests that a replica works on for this front",
            REPLICA);
    this.state =
        registry.gauge(
            Role.ROUTER,
            "freshet_route_upstream_state",
            "Whether a replica gets requests: 2 up, 1 on trial, 0 down or removed",
            REPLICA);
    this.version =
        registry.gauge(
            Role.ROUTER,
            "freshet_route_policy_version",
            "The policy version for which a replica gets requests; -1 if it gets none or says none",
            REPLICA);
    this.waiting =
        registry
            .gauge(
                Role.ROUTER,
                "freshet_route_waiting",
                "Requests that wait for a replica that may take them")
            .of();
    createSeries();
  }

  /** Creates the series that every front has, so that they start at zero. */
  private void createSeries() {
    for (Failure.Reason reason : Failure.Reason.values()) {
      errors.of(reason.wireName());
    }
    errors.of(CLIENT_LEFT);
    errors.of(ADMIN_PATH);
    for (Failure.Reason reason :
        List.of(Failure.Reason.CONNECT, Failure.Reason.CONNECT_TIMEOUT, Failure.Reason.CLOSED)) {
      retries.of(reason.wireName());
    }
  }

  /** Sets how the number of waiting requests is read. */
  void waiting(DoubleSupplier now) {
    waiting.read(now);
  }

  /** Adds a replica; its state is read for every page. */
  void upstream(Upstream upstream, DoubleSupplier stateNow, DoubleSupplier versionNow) {
    String name = upstream.replica();
    inFlight.of(name).read(upstream::inFlight);
    state.of(name).read(stateNow);
    version.of(name).read(versionNow);
    firstByte.of(name);
    CLASSES.forEach(status -> relayed.of(name, status));
  }

  /** A request was sent to a replica for the first time. */
  void dispatched(long nanos) {
    dispatch.nanos(nanos);
  }

  void firstByte(Upstream upstream, long nanos) {
    firstByte.of(upstream.replica()).nanos(nanos);
  }

  /** An answer was relayed to its end. */
  void relayed(Upstream upstream, int status) {
    relayed.of(upstream.replica(), Math.clamp(status / 100, 2, 5) + "xx").add(1);
  }

  /** A request is sent again, or to another replica. */
  void retried(Failure.Reason reason) {
    retries.of(reason.wireName()).add(1);
  }

  void failed(Failure.Reason reason) {
    errors.of(reason.wireName()).add(1);
  }

  /** A client left before the end of its answer. */
  void clientLeft() {
    errors.of(CLIENT_LEFT).add(1);
  }

  /** A weight operation was refused on the data listener. */
  void adminPathRefused() {
    errors.of(ADMIN_PATH).add(1);
  }
}
