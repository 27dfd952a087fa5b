package dev.freshet.client;

import dev.freshet.trace.AdminTimings;
import java.util.Optional;

/**
 * A weight operation that a server has acknowledged.
 *
 * @param timings where its time went
 * @param weightVersion the version now serving
 * @param preparedVersion the version that is prepared and not committed, if there is one
 */
public record AdminResult(
    AdminTimings timings, String weightVersion, Optional<String> preparedVersion) {}
