package dev.freshet.http;

import dev.freshet.trace.MonotonicClock;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * What the connections of a listener share.
 *
 * @param handshakes computes the handshakes of TLS
 * @param bodies the bytes of request bodies that they hold
 * @param oneAnswer whether they close after the first answer
 */
record ListenerParts(
    Routes routes,
    HttpLimits limits,
    BrowserGuard guard,
    Optional<Tls> tls,
    Executor handshakes,
    ByteBudget bodies,
    ConnectionCap cap,
    RequestLog requests,
    MonotonicClock clock,
    boolean oneAnswer) {
  /** The same for connections above the limit. */
  ListenerParts overLimit() {
    return new ListenerParts(
        new FullRoutes(routes),
        OverLimit.limits(limits),
        guard,
        tls,
        handshakes,
        bodies,
        cap,
        requests,
        clock,
        true);
  }
}
