package dev.freshet.client;

import dev.freshet.trace.AdminTimings;

/**
 * A weight operation that a server has acknowledged.
 *
 * @param timings where its time went
 * @param weightVersion the version now serving
 */
public record AdminResult(AdminTimings timings, String weightVersion) {}
