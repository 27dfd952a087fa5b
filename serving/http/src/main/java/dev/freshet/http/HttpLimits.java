package dev.freshet.http;

import java.time.Duration;

/**
 * Limits of one listener's connections.
 *
 * @param maxBodyBytes the largest request body; a larger one is answered 413
 * @param maxAllBodyBytes the most bytes of request bodies that all connections hold together before
 *     their requests are handled; a body that would exceed it is answered 503
 * @param request how long a request may take to arrive whole, from its first byte; a slower one is
 *     answered 408
 * @param idle how long a connection without a request may send nothing, or a client may read
 *     nothing of its answer
 */
public record HttpLimits(int maxBodyBytes, long maxAllBodyBytes, Duration request, Duration idle) {
  /** 16 MiB a body, 256 MiB for all of them, 30 s for a request to arrive, 75 s idle. */
  public static final HttpLimits DEFAULT =
      new HttpLimits(16 << 20, 256L << 20, Duration.ofSeconds(30), Duration.ofSeconds(75));
}
