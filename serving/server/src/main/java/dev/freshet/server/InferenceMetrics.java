package dev.freshet.server;

import dev.freshet.engine.EngineMetrics;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.trace.MonotonicClock;

/**
 * The metrics of one inference server.
 *
 * @param registry makes the page that the server serves
 */
public record InferenceMetrics(
    MetricsRegistry registry, EngineMetrics engine, ServerMetrics server, SessionMetrics sessions) {
  /** Registers the metrics of a server in {@code registry}. */
  public static InferenceMetrics in(MetricsRegistry registry, MonotonicClock clock) {
    return new InferenceMetrics(
        registry,
        new EngineMetrics(registry, clock),
        new ServerMetrics(registry),
        new SessionMetrics(registry));
  }
}
