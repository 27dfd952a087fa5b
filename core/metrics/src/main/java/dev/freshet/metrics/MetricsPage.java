package dev.freshet.metrics;

/**
 * A page of metrics, as served over HTTP.
 *
 * @param contentType the value of the {@code Content-Type} header
 */
public record MetricsPage(String contentType, byte[] body) {}
