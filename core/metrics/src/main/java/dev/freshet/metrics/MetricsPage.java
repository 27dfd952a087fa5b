package dev.freshet.metrics;

/**
 * A page of metrics, as it goes over HTTP.
 *
 * @param contentType the header of that name
 */
public record MetricsPage(String contentType, byte[] body) {}
